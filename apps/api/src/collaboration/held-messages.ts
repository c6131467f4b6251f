import { WAIT_MAX_HELD } from '@palimpsest/protocol';

/** Most bytes that are held for one connection; one frame of the largest size and what else was on its way. */
const MAX_HELD_BYTES = 4_000_000;

/**
 * Sync messages of a connection that should wait, in the order of their arrival. `take` is asked for each before it is
 * handled: 0 lets it pass, otherwise it is asked again after that many milliseconds.
 */
export class HeldMessages {
  readonly #take: (frame: Uint8Array) => number;
  readonly #handle: (frame: Uint8Array) => void;
  readonly #onWait: (ms: number) => void;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** `onWait` is told each time that a wait begins. */
  constructor(take: (frame: Uint8Array) => number, handle: (frame: Uint8Array) => void, onWait: (ms: number) => void) {
    this.#take = take;
    this.#handle = handle;
    this.#onWait = onWait;
  }

  /** Handles the frame now, or holds it. Returns false when there is no room to hold it: the connection must end. */
  receive(frame: Uint8Array): boolean {
    if (this.#ended) return true;
    if (this.#frames.length > 0) return this.#hold(frame);
    const wait = this.#take(frame);
    if (wait === 0) {
      this.#handle(frame);
      return true;
    }
    this.#waitFor(wait);
    return this.#hold(frame);
  }

  /** Forgets what is held, and whatever comes from now on: its author has it still. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#frames = [];
    this.#bytes = 0;
  }

  #hold(frame: Uint8Array): boolean {
    if (this.#ended) return true;
    if (this.#frames.length >= WAIT_MAX_HELD || this.#bytes + frame.length > MAX_HELD_BYTES) return false;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  #waitFor(ms: number): void {
    this.#onWait(ms);
    if (!this.#ended) this.#timer = setTimeout(() => this.#goOn(), ms);
  }

  #goOn(): void {
    for (let frame = this.#frames[0]; frame; frame = this.#frames[0]) {
      const wait = this.#take(frame);
      if (wait > 0) return this.#waitFor(wait);
      this.#frames.shift();
      this.#bytes -= frame.length;
      this.#handle(frame);
    }
  }
}
