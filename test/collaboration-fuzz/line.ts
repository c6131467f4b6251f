import { WebSocket } from 'ws';

/** Nobody listens there: a connection is refused at once. */
const NOWHERE = 'ws://127.0.0.1:9';

/** A tab's way to the servers: decides which node a new connection reaches, breaks connections, and shows every frame that comes. */
export class Line {
  /** For a provider, in place of the browser's. */
  readonly Socket: typeof globalThis.WebSocket;
  readonly #token: string;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #sockets = new Set<WebSocket>();
  /** `host:port` of the node; undefined: no network. */
  #address: string | undefined;

  constructor(token: string, address: string, onFrame: (frame: Uint8Array) => void) {
    this.#token = token;
    this.#address = address;
    this.#onFrame = onFrame;
    const route = (url: string) => this.#route(url);
    const opened = (socket: WebSocket) => this.#opened(socket);
    this.Socket = class extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(route(url), protocols);
        opened(this);
      }
    } as unknown as typeof globalThis.WebSocket;
  }

  /** Breaks what there is; the next connection goes to `address`. */
  lead(address: string | undefined): void {
    this.#address = address;
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Takes nothing from the connections there are for `ms` milliseconds. */
  stall(ms: number): void {
    for (const socket of this.#sockets) {
      socket.pause();
      setTimeout(() => socket.resume(), ms);
    }
  }

  #route(url: string): string {
    if (this.#address === undefined) return NOWHERE;
    const routed = new URL(url);
    routed.host = this.#address;
    routed.searchParams.set('token', this.#token);
    return routed.href;
  }

  #opened(socket: WebSocket): void {
    this.#sockets.add(socket);
    // Before the provider's own listener, and also for what comes when the provider does not listen any more.
    socket.on('message', (data: Buffer | ArrayBuffer) => this.#onFrame(new Uint8Array(data)));
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }
}
