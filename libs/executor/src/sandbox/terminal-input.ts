import { writeSync } from 'node:fs';
import { hasCode } from './fault-code.js';

/** Bytes that wait for a program which does not read. More is dropped, as a real terminal drops it. */
const MOST_WAITING_BYTES = 64 * 1024;
/** Milliseconds until a full terminal is tried again. */
const RETRY_MS = 50;

/**
 * Writes to the master side of a PTY. Not through node-pty: libuv writes to a terminal until all of it is taken, without
 * waiting for the event loop, so a program that does not read what is pasted to it would hold up every other run.
 */
export class TerminalInput {
  readonly #fd: number;
  #waiting = Buffer.alloc(0);
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** `fd` does not block, and stays open until `close` is called. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  write(text: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(text, 'utf8');
    if (this.#waiting.length + bytes.length > MOST_WAITING_BYTES) return;
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    if (this.#retry === undefined) this.#flush();
  }

  /** Ahead of what waits: for Ctrl-C, which the terminal acts on at once. */
  writeFirst(text: string): void {
    if (this.#closed) return;
    this.#waiting = Buffer.concat([Buffer.from(text, 'utf8'), this.#waiting]);
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#waiting = Buffer.alloc(0);
  }

  #flush(): void {
    this.#retry = undefined;
    while (this.#waiting.length > 0 && !this.#closed) {
      const written = this.#attempt();
      if (written === 0) {
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS);
        return;
      }
      this.#waiting = this.#waiting.subarray(written);
    }
  }

  #attempt(): number {
    try {
      return writeSync(this.#fd, this.#waiting);
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return 0;
      // EIO: nobody is at the other end any more.
      this.close();
      return 0;
    }
  }
}
