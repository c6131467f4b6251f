/**
 * Theory of operation. A Yjs document is joined to the server by the provider of y-websocket, which merges but never says what
 * is safe. We ask for acknowledgements (`?acks=1`): the server then tells how many of the frames that could change the document
 * are in the event store. Three things happen here and nowhere else:
 *
 *   count      the provider's socket is a subclass whose `send` shows every frame to the SaveLedger
 *   hear       message type MESSAGE_ACKNOWLEDGED is handed to the ledger
 *   keep alive the provider takes 30 s of silence for a dead line, and a person alone in a file hears nothing; a question for
 *              the others' awareness is answered at once and stores nothing
 *
 * Each connection counts from zero. Frames that are still under way when a connection ends may or may not have been stored; the
 * ledger takes them for lost, and the first step 2 of the next connection carries whatever the server does not have.
 *
 * Close codes 44xx end it (the provider itself does not come back from them); everything else is tried again.
 */
import { ByteReader } from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED } from '@palimpsest/protocol/wire';
import type { Awareness } from 'y-protocols/awareness';
import { messageQueryAwareness, WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import { socketUrl } from '../api-client.js';
import type { SaveLedger } from './save-ledger.js';

/** Milliseconds; a third of what the provider takes for death, so that two questions may get lost. */
const KEEP_ALIVE = 10_000;

export interface DurableOptions {
  readonly file: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly ledger: SaveLedger;
  /** Something in the ledger has changed. */
  readonly onChange: () => void;
}

export interface DurableConnection {
  /** Tries again after the server had closed for good, as when the person has signed in anew. */
  reconnect(): void;
  destroy(): void;
}

/** Joins `doc` to the server's document of the same file, and keeps the ledger. */
export function connectDurably(options: DurableOptions): DurableConnection {
  const { file, doc, awareness, ledger, onChange } = options;
  // Registered before the provider's own listener: the ledger hears of an edit before the frame that carries it.
  const onUpdate = (_update: Uint8Array, origin: unknown) => {
    if (origin === provider) return;
    ledger.edited();
    onChange();
  };
  doc.on('update', onUpdate);
  const provider: WebsocketProvider = new WebsocketProvider(socketUrl('/collab'), file, doc, {
    awareness,
    params: { acks: '1' },
    disableBc: true,
    connect: false,
    WebSocketPolyfill: countingSocket(ledger),
  });
  follow(provider, ledger, onChange);
  provider.connect();
  const keepAlive = setInterval(() => askForAwareness(provider), KEEP_ALIVE);
  return {
    reconnect: () => provider.connect(),
    destroy: () => {
      clearInterval(keepAlive);
      doc.off('update', onUpdate);
      provider.destroy();
    },
  };
}

function countingSocket(ledger: SaveLedger): typeof WebSocket {
  return class extends WebSocket {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      if (data instanceof Uint8Array && ledger.admit(data) === 'withhold') return;
      super.send(data);
    }
  };
}

function follow(provider: WebsocketProvider, ledger: SaveLedger, onChange: () => void): void {
  provider.on('status', ({ status }) => {
    if (status === 'connected') ledger.connected();
    if (status === 'disconnected') ledger.disconnected();
    onChange();
  });
  provider.on('sync', (synchronised) => {
    if (synchronised) ledger.synchronised();
    onChange();
  });
  provider.on('closed', ({ code, reason }) => {
    ledger.ended(sentenceForClose(code, reason));
    onChange();
  });
  provider.messageHandlers[MESSAGE_ACKNOWLEDGED] = (_encoder, decoder) => {
    ledger.acknowledged(new ByteReader(decoder.arr.subarray(decoder.pos)).varuint(), Date.now());
    onChange();
  };
}

function askForAwareness(provider: WebsocketProvider): void {
  if (provider.wsconnected) provider.ws?.send(Uint8Array.of(messageQueryAwareness));
}

/** What happened and what to do. The server's reason is a sentence for a person where it gives one. */
function sentenceForClose(code: number, reason: string): string {
  switch (code) {
    case CLOSE.unauthenticated:
      return 'Your session has ended. Sign in again; what you typed is kept in this tab until then.';
    case CLOSE.forbidden:
      return reason || 'You may not change this file.';
    case CLOSE.notFound:
      return 'This file is not there any more: it was deleted, or you may not see it.';
    case CLOSE.tooLarge:
      return reason || 'This file has become too large to be saved: take something out and open it again.';
    default:
      return reason || 'The server did not accept a change. Copy what you need, then open the file again.';
  }
}
