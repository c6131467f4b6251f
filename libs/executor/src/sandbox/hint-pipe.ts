import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ScriptEnd } from '@palimpsest/domain';
import { type ErrorReport, MOST_REPORT_BYTES, MOST_REPORTS, parseErrorReport } from './error-report.js';
import { MOST_PNG_BYTES, parseFigure, type Png } from './png.js';

/** What boot.py says. Trusted for the interface only: the program can write these lines, too, or close the pipe. */
export type Hint =
  /** Python is up and waits for its orders. */
  | { readonly kind: 'ready' }
  /** It has them and its limits: the program begins. */
  | { readonly kind: 'started' }
  | { readonly kind: 'repl'; readonly script: ScriptEnd | null }
  | { readonly kind: 'ending' }
  | { readonly kind: 'error'; readonly error: ErrorReport }
  | { readonly kind: 'figure'; readonly figure: Png };

/**
 * What one run may say, so that a program that has found the pipe can neither keep the executor busy nor fill the log: bytes of
 * plain words, errors, figures. What is above is passed over; after MOST_BYTES altogether, which is more than all of that
 * can be, the pipe is closed.
 */
const MOST_WORD_BYTES = 4096;
export const MOST_FIGURES = 20;
/** Bytes of the figures of a run, together. */
export const MOST_FIGURE_BYTES = 10 * 1024 * 1024;
const MOST_LINE_BYTES = Math.ceil(MOST_PNG_BYTES / 3) * 4 + 100;
const MOST_BYTES = 64 * 1024 * 1024;

/** The hint of one line, or undefined for a line that boot.py never writes. */
export function parseHint(line: string): Hint | undefined {
  const [word, end, detail = ''] = line.split(' ');
  if (word === 'ready' || word === 'started' || word === 'ending') return { kind: word };
  if (word !== 'repl') return undefined;
  if (end === '-') return { kind: 'repl', script: null };
  if (end === 'completed') return { kind: 'repl', script: { kind: 'completed' } };
  if (end === 'exit' && /^\d{1,3}$/.test(detail))
    return { kind: 'repl', script: { kind: 'exit', code: Number(detail) } };
  // A class's name may be any text that `type()` was given.
  if (end === 'raised' && /^[\p{L}\p{N}_.]{1,100}$/u.test(detail))
    return { kind: 'repl', script: { kind: 'raised', exception: detail } };
  return undefined;
}

/**
 * A named pipe from boot.py to the executor. It is opened without blocking before anybody writes: reading then waits for the
 * first writer, and ends when the last one is gone, which is how the end of the program is seen before the PTY says so.
 */
export class HintPipe {
  /** Resolves when no process has the pipe open any more, or after `close`. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  /** `path` is a named pipe. */
  constructor(path: string, onHint: (hint: Hint) => void) {
    // Does not wait, being O_NONBLOCK. A plain descriptor: a FileHandle would close it again when it is collected.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    const reader = new HintReader(onHint);
    this.#socket.on('data', (bytes: Buffer) => {
      if (!reader.take(bytes)) this.#socket.destroy();
    });
    this.#socket.on('error', () => this.#socket.destroy());
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** Stops listening. The pipe itself goes with its folder. */
  close(): void {
    this.#socket.destroy();
  }
}

/** Turns what is read into hints, within what one run may say. */
export class HintReader {
  readonly #onHint: (hint: Hint) => void;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #bytes = 0;
  #words = 0;
  #errors = 0;
  #figures = 0;
  #figureBytes = 0;

  constructor(onHint: (hint: Hint) => void) {
    this.#onHint = onHint;
  }

  /** False when this run has said too much: it is not to be listened to any more. */
  take(bytes: Buffer): boolean {
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_BYTES) return false;
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      this.#keep(bytes.subarray(from, end));
      this.#line();
      from = end + 1;
    }
    this.#keep(bytes.subarray(from));
    return true;
  }

  /** A line that is too long is counted, but not kept. */
  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes > MOST_LINE_BYTES) this.#parts = [];
    // A copy: what is read belongs to a larger buffer, which would stay as long as this.
    else if (part.length > 0) this.#parts.push(Buffer.from(part));
  }

  #line(): void {
    const parts = this.#parts;
    const length = this.#partBytes;
    this.#parts = [];
    this.#partBytes = 0;
    if (length === 0 || length > MOST_LINE_BYTES) return;
    const text = Buffer.concat(parts).toString('utf8');
    const hint = text.startsWith('error ')
      ? this.#error(text, length)
      : text.startsWith('figure ')
        ? this.#figure(text)
        : this.#word(text, length);
    if (hint !== undefined) this.#onHint(hint);
  }

  #word(text: string, length: number): Hint | undefined {
    this.#words += length + 1;
    return this.#words > MOST_WORD_BYTES ? undefined : parseHint(text);
  }

  #error(text: string, length: number): Hint | undefined {
    if (length > MOST_REPORT_BYTES || this.#errors >= MOST_REPORTS) return undefined;
    this.#errors += 1;
    const error = parseErrorReport(text.slice('error '.length));
    return error && { kind: 'error', error };
  }

  #figure(text: string): Hint | undefined {
    if (this.#figures >= MOST_FIGURES) return undefined;
    this.#figures += 1;
    const figure = parseFigure(text.slice('figure '.length));
    this.#figureBytes += figure?.bytes.byteLength ?? 0;
    return figure && this.#figureBytes <= MOST_FIGURE_BYTES ? { kind: 'figure', figure } : undefined;
  }
}
