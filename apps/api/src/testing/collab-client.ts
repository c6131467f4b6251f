import { TEXT_ROOT } from '@palimpsest/domain';
import { eventually } from '@palimpsest/test-support';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

/** A person's editor without the editor: the unmodified provider of y-websocket. For tests. */
export class CollabClient {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT_ROOT);
  readonly provider: WebsocketProvider;
  closed: { code: number; reason: string } | undefined;

  constructor(address: string, file: string, token: string) {
    this.provider = new WebsocketProvider(`ws://${address}/collab`, file, this.doc, {
      params: { token },
      WebSocketPolyfill: WebSocket as never,
      disableBc: true,
    });
    this.provider.on('connection-close', (event) => {
      if (event) this.closed = { code: event.code, reason: event.reason };
      this.provider.shouldConnect = false; // what closed once is looked at, not tried again
    });
  }

  async synced(): Promise<this> {
    await eventually(() => this.provider.synced, 'the first synchronisation');
    return this;
  }

  /** Puts raw bytes on the wire. */
  send(...bytes: number[]): void {
    this.provider.ws?.send(Uint8Array.from(bytes));
  }

  /** y-protocols/awareness keeps a timer alive until its document is destroyed. */
  end(): void {
    this.provider.destroy();
    this.doc.destroy();
  }
}
