import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ScriptEnd } from '@palimpsest/domain';

/** What boot.py says. Trusted for the interface only: the program can write these lines, too, or close the pipe. */
export type Hint =
  /** Python is up and waits for its orders. */
  | { readonly kind: 'ready' }
  /** It has them and its limits: the program begins. */
  | { readonly kind: 'started' }
  | { readonly kind: 'repl'; readonly script: ScriptEnd | null }
  | { readonly kind: 'ending' };

/** Bytes that are read from one run, so that a program that has found the pipe cannot keep the executor busy. */
const MOST_BYTES = 4096;

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
    this.#socket.on('data', hintReader(onHint));
    this.#socket.on('error', () => this.#socket.destroy());
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** Stops listening. The pipe itself goes with its folder. */
  close(): void {
    this.#socket.destroy();
  }
}

function hintReader(onHint: (hint: Hint) => void): (bytes: Buffer) => void {
  let text = '';
  let read = 0;
  return (bytes) => {
    // What boot.py said may arrive in one piece with a flood of the program's.
    text += bytes.subarray(0, Math.max(0, MOST_BYTES - read)).toString('utf8');
    read += bytes.length;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const hint of lines.map(parseHint)) if (hint !== undefined) onHint(hint);
  };
}
