/**
 * Theory of operation. A Yjs document is joined to the server by the provider of y-websocket, which merges but never says what
 * is safe. We ask for acknowledgements (`?acks=1`): the server then tells how many of the frames that could change the document
 * are in the event store. Five things happen here and nowhere else:
 *
 *   pace       the provider's socket is a subclass whose `send` hands every frame to a FramePacer
 *   fit        a step 2 holds only what the server can take from this person: see sendable-part.ts
 *   count      what goes is shown to the SaveLedger, and message type MESSAGE_ACKNOWLEDGED is handed to it
 *   wait       after MESSAGE_WAIT nothing that changes the document goes for that time; closed with CLOSE.limited, we stay away
 *   keep alive the provider takes 30 s of silence for a dead line, and a person alone in a file hears nothing; a question for
 *              the others' awareness is answered at once and stores nothing
 *
 * Each connection counts from zero. Frames that are still under way when a connection ends may or may not have been stored; the
 * ledger takes them for lost, and the first step 2 of the next connection carries whatever the server does not have.
 *
 * Close codes 44xx end it (the provider itself does not come back from them); everything else is tried again.
 */
import { ByteReader, ByteWriter } from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED, MESSAGE_WAIT } from '@palimpsest/protocol/wire';
import { type Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { messageAwareness, messageQueryAwareness, messageSync, WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { socketUrl } from '../api-client.js';
import type { FrameBudget } from './frame-budget.js';
import { FramePacer, payloadOf, STEP_1, STEP_2, syncFrame, UPDATE } from './frame-pacer.js';
import type { SaveLedger } from './save-ledger.js';
import { sendablePart } from './sendable-part.js';

/** Milliseconds; a third of what the provider takes for death, so that two questions may get lost. */
const KEEP_ALIVE = 10_000;

/** Milliseconds to stay away where the server closed for a limit and did not say for how long. */
const DEFAULT_WAIT = 5_000;

/** An update with nothing in it: makes the pacer send what there is. */
const NOTHING = Uint8Array.of(0, 0);

export interface DurableOptions {
  readonly file: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly ledger: SaveLedger;
  readonly budget: FrameBudget;
  /** Client ids under which this person has written; may grow. */
  readonly own: ReadonlySet<number>;
  /** Before an update goes out that this person has just made. */
  readonly onEdit: (update: Uint8Array) => void;
  /** The server's state has come, on each connection. */
  readonly onSynchronised: () => void;
  /** The server closed for good. */
  readonly onEnded: (code: number) => void;
  /** Something in the ledger has changed. */
  readonly onChange: () => void;
}

/** Joins a document to the server's document of the same file, and keeps the ledger. */
export class DurableConnection {
  readonly #options: DurableOptions;
  readonly #provider: WebsocketProvider;
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #pacer: FramePacer | null = null;
  #waitTimer: ReturnType<typeof setTimeout> | undefined;
  #waitsUntil = 0;
  /** What the server has, as far as it said; what went to it in frames that held everything is not in here. */
  #serverClocks: ReadonlyMap<number, number> = new Map();
  #isCut = false;

  constructor(options: DurableOptions) {
    const { file, doc, awareness } = options;
    this.#options = options;
    // Registered before the provider's own listener: the ledger hears of an edit before the frame that carries it.
    doc.on('update', this.#onUpdate);
    this.#provider = new WebsocketProvider(socketUrl('/collab'), file, doc, {
      awareness,
      params: { acks: '1' },
      disableBc: true,
      connect: false,
      WebSocketPolyfill: this.#pacedSocket(),
    });
    this.#follow();
    this.#provider.connect();
    this.#keepAlive = setInterval(() => this.#askForAwareness(), KEEP_ALIVE);
  }

  /** Tries again after the server had closed for good, as when the person has signed in anew. */
  reconnect(): void {
    this.#provider.connect();
  }

  /** Sends at once what is collected: the page may be about to go. */
  flush(): void {
    this.#pacer?.flush();
  }

  /** Takes an update of this person from elsewhere and sends, as far as it is news, what the server can take. */
  bringIn(update: Uint8Array): void {
    const { doc } = this.#options;
    // With this origin the provider does not send it by itself: it may be in parts that wait for each other.
    Y.applyUpdate(doc, update, this.#provider);
    if (!this.#provider.synced) return; // the next step 2 carries it
    const news = Y.encodeStateAsUpdate(doc, vectorOf(this.#serverClocks));
    this.#pacer?.send(syncFrame(STEP_2, news));
  }

  destroy(): void {
    clearInterval(this.#keepAlive);
    clearTimeout(this.#waitTimer);
    this.#options.doc.off('update', this.#onUpdate);
    this.#provider.destroy();
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.#provider) return;
    this.#options.onEdit(update);
    this.#options.onChange();
  };

  #pacedSocket(): typeof WebSocket {
    const newPacer = (transmit: (frame: Uint8Array) => void) => this.#newPacer(transmit);
    return class extends WebSocket {
      readonly #pacer = newPacer((frame) => super.send(frame as Uint8Array<ArrayBuffer>));

      override send(data: Parameters<WebSocket['send']>[0]): void {
        if (data instanceof Uint8Array) this.#pacer.send(data);
        else super.send(data as string);
      }

      override close(code?: number, reason?: string): void {
        if (this.readyState === WebSocket.OPEN) this.#pacer.flush();
        this.#pacer.stop();
        super.close(code, reason);
      }
    };
  }

  #newPacer(transmit: (frame: Uint8Array) => void): FramePacer {
    const { awareness, budget } = this.#options;
    this.#pacer = new FramePacer({
      client: awareness.clientID,
      budget,
      ownAwareness: () => awarenessFrame(awareness),
      transmit: (frame) => this.#transmit(frame, transmit),
    });
    return this.#pacer;
  }

  #transmit(frame: Uint8Array, transmit: (frame: Uint8Array) => void): void {
    const isSync = frame[0] === messageSync && frame[1] !== STEP_1;
    const { sent, isHeld } = isSync ? this.#fit(frame) : { sent: frame, isHeld: false };
    if (this.#options.ledger.admit(sent, isHeld) === 'withhold') return;
    transmit(sent);
    this.#options.onChange();
  }

  /** Takes out of a frame what the server cannot take. Once something was left out, every frame tries all of it again. */
  #fit(frame: Uint8Array): { readonly sent: Uint8Array; readonly isHeld: boolean } {
    if (frame[1] !== STEP_2 && !this.#isCut) return { sent: frame, isHeld: false };
    const { doc, own } = this.#options;
    const whole = frame[1] === STEP_2 ? payloadOf(frame) : Y.encodeStateAsUpdate(doc, vectorOf(this.#serverClocks));
    const part = sendablePart(whole, { own, clocks: this.#serverClocks });
    this.#serverClocks = part.clocks;
    this.#isCut = part.isCut;
    return { sent: syncFrame(STEP_2, part.update), isHeld: part.isHeld };
  }

  #follow(): void {
    const { ledger, onChange, onSynchronised, onEnded } = this.#options;
    const provider = this.#provider;
    provider.on('status', ({ status }) => {
      if (status === 'connected') ledger.connected();
      if (status === 'disconnected') ledger.disconnected();
      onChange();
    });
    provider.on('sync', (synchronised) => {
      if (!synchronised) return;
      ledger.synchronised();
      onSynchronised();
      onChange();
    });
    provider.on('connection-close', (event) => this.#stayAway(event));
    provider.on('closed', ({ code, reason }) => {
      ledger.ended(sentenceForClose(code, reason));
      onEnded(code);
      onChange();
    });
    this.#listen();
  }

  /** Message types of ours, and a look at what the server has before the provider answers it. */
  #listen(): void {
    const { ledger, onChange } = this.#options;
    const handlers = this.#provider.messageHandlers;
    const handleSync = handlers[messageSync];
    handlers[messageSync] = (encoder, decoder, provider, emitSynced, type) => {
      const frame = decoder.arr.subarray(decoder.pos);
      const step = frame[0];
      const payload = new ByteReader(frame.subarray(1)).bytes();
      if (step === STEP_1) this.#serverClocks = Y.decodeStateVector(payload);
      handleSync?.(encoder, decoder, provider, emitSynced, type);
      if (step !== STEP_1) this.#heard(payload);
    };
    handlers[MESSAGE_ACKNOWLEDGED] = (_encoder, decoder) => {
      ledger.acknowledged(new ByteReader(decoder.arr.subarray(decoder.pos)).varuint(), Date.now());
      onChange();
    };
    handlers[MESSAGE_WAIT] = (_encoder, decoder) =>
      this.#wait(new ByteReader(decoder.arr.subarray(decoder.pos)).varuint());
  }

  /** The server has this update: what waited for it may go now. */
  #heard(update: Uint8Array): void {
    const clocks = new Map(this.#serverClocks);
    for (const [client, clock] of Y.parseUpdateMeta(update).to)
      clocks.set(client, Math.max(clock, clocks.get(client) ?? 0));
    this.#serverClocks = clocks;
    if (this.#isCut) this.#pacer?.send(syncFrame(UPDATE, NOTHING));
  }

  #wait(ms: number): void {
    this.#waitsUntil = Date.now() + ms;
    this.#pacer?.hold(ms);
    this.#options.ledger.waits(this.#waitsUntil);
    clearTimeout(this.#waitTimer);
    this.#waitTimer = setTimeout(() => {
      this.#options.ledger.waits(null);
      this.#options.onChange();
    }, ms);
    this.#options.onChange();
  }

  /** Closed for a limit: coming back at once would reach it again. */
  #stayAway(event: CloseEvent | null): void {
    this.#isCut = false;
    if (event?.code !== CLOSE.limited) return;
    const rest = this.#waitsUntil - Date.now();
    const ms = rest > 0 ? rest : DEFAULT_WAIT;
    this.#provider.shouldConnect = false;
    this.#wait(ms);
    setTimeout(() => this.#comeBack(), ms);
  }

  /** Not after `destroy`. */
  #comeBack(): void {
    if (!this.#options.doc.isDestroyed) this.#provider.connect();
  }

  #askForAwareness(): void {
    if (this.#provider.wsconnected) this.#provider.ws?.send(Uint8Array.of(messageQueryAwareness));
  }
}

function awarenessFrame(awareness: Awareness): Uint8Array {
  const update = encodeAwarenessUpdate(awareness, [awareness.clientID]);
  return new ByteWriter().varuint(messageAwareness).bytes(update).finish();
}

function vectorOf(clocks: ReadonlyMap<number, number>): Uint8Array {
  const writer = new ByteWriter().varuint(clocks.size);
  for (const [client, clock] of clocks) writer.varuint(client).varuint(clock);
  return writer.finish();
}

/** What happened and what to do. The server's reason is a sentence for a person where it gives one. */
function sentenceForClose(code: number, reason: string): string {
  switch (code) {
    case CLOSE.unauthenticated:
      return 'Your session has ended. Sign in again; what you typed is kept until then.';
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
