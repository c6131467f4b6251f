/**
 * Theory of operation. A feed is the tail of one run: its socket sends everything recorded so far and then what happens. The
 * server is the memory, so after a lost connection the feed forgets what it had and takes the whole again; whoever shows it is
 * told to clear. What comes before `live` is held until then where it replaces something on the screen, or the terminal would
 * blink at every reconnection.
 *
 * Close codes 44xx end it, with words for the person; it opens again only when the person asks, or has signed in. Everything
 * else is tried again.
 *
 * It keeps the output (the last two million characters), since the terminal that shows it is loaded later than the feed begins,
 * and may be shown anew.
 */
import type { RunClientMessage, RunServerMessage } from '@palimpsest/protocol/wire';
import { Signal } from '../signal.js';
import { closingOf } from './run-closing.js';
import { afterMessage, emptyView, type RunView } from './run-view.js';

/** Where output goes. */
export interface OutputSink {
  clear(): void;
  write(text: string): void;
  resize(columns: number, rows: number): void;
}

/** What a terminal needs in order: text, or a size that holds from here on. */
type Piece = string | { readonly columns: number; readonly rows: number };

/** Characters; more than a terminal scrolls back. */
const KEPT = 2_000_000;
/** Milliseconds between attempts: doubled each time, up to the second number. */
const RETRY = { first: 300, most: 5_000 } as const;

export class RunFeed {
  readonly view: Signal<RunView>;
  #socket: WebSocket | null = null;
  #sink: OutputSink | null = null;
  #pieces: Piece[] = [];
  #size = 0;
  #attempts = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** History has been shown: what comes has just happened. */
  #isLive = false;
  readonly #connect: () => WebSocket;
  readonly #onProduced: () => void;

  /** `onProduced`: the program has just changed a file of the workspace. */
  constructor(id: string, connect: () => WebSocket, onProduced: () => void = () => {}) {
    this.#onProduced = onProduced;
    this.view = new Signal(emptyView(id));
    this.#connect = connect;
    this.#open();
  }

  /** False when there is no connection to say it on. */
  send(message: RunClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Gives `sink` everything so far, then what comes. Returns how to stop. */
  attach(sink: OutputSink): () => void {
    this.#sink = sink;
    this.#replay(sink);
    return () => {
      if (this.#sink === sink) this.#sink = null;
    };
  }

  /** Looks again at a run of which the server had closed the socket for good. */
  openAgain(): void {
    const { value } = this.view;
    if (value.link !== 'closed' || this.#closed) return;
    this.view.set({ ...value, link: 'lost', closing: null });
    this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop();
  }

  #open(): void {
    const socket = this.#connect();
    this.#socket = socket;
    const take = this.#beginAgain();
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket && typeof data === 'string') take(JSON.parse(data) as RunServerMessage);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    });
  }

  /** Handles one connection's messages. The first connection shows its history as it comes. */
  #beginAgain(): (message: RunServerMessage) => void {
    if (this.view.value.link === 'connecting') return (message) => this.#apply(message);
    let held: RunServerMessage[] | null = [];
    return (message) => {
      held?.push(message);
      if (held && message.t !== 'live') return;
      const ready = held ?? [message];
      if (held) this.#forget();
      held = null;
      for (const one of ready) this.#apply(one);
    };
  }

  #apply(message: RunServerMessage): void {
    this.#attempts = 0;
    this.view.set({ ...afterMessage(this.view.value, message), link: 'open' });
    if (message.t === 'output') this.#emit(message.text);
    if (message.t === 'produced' && this.#isLive) this.#onProduced();
    if (message.t === 'live') this.#isLive = true;
    if (message.t === 'requested' || message.t === 'resized') {
      this.#emit({ columns: message.columns, rows: message.rows });
    }
  }

  #emit(piece: Piece): void {
    this.#pieces.push(piece);
    this.#size += typeof piece === 'string' ? piece.length : 0;
    while (this.#size > KEPT) {
      const dropped = this.#pieces.shift();
      this.#size -= typeof dropped === 'string' ? dropped.length : 0;
    }
    if (this.#sink) give(this.#sink, piece);
  }

  #replay(sink: OutputSink): void {
    sink.clear();
    for (const piece of this.#pieces) give(sink, piece);
  }

  #forget(): void {
    this.#isLive = false;
    this.#pieces = [];
    this.#size = 0;
    this.view.set(emptyView(this.view.value.id));
    this.#sink?.clear();
  }

  /** A finished run has nothing more to say. */
  #lost(code: number, reason: string): void {
    this.#socket = null;
    const view = this.view.value;
    const closing = closingOf(code, reason);
    const final = closing !== null || view.state === 'finished';
    this.view.set({ ...view, link: final ? 'closed' : 'lost', closing });
    if (final || this.#closed) return;
    const wait = Math.min(RETRY.first * 2 ** this.#attempts, RETRY.most);
    this.#attempts += 1;
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#sink = null;
    socket?.close();
  }
}

function give(sink: OutputSink, piece: Piece): void {
  if (typeof piece === 'string') sink.write(piece);
  else sink.resize(piece.columns, piece.rows);
}
