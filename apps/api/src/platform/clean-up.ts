import type { Logger } from '@nestjs/common';

interface Options {
  /** What is cleaned, for the log. */
  readonly what: string;
  readonly everyMs: number;
  readonly log: Logger;
}

/** Does something again and again, once at a time. What fails is said in the log, and the next time will do. */
export class CleanUp {
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void> | undefined;

  constructor(work: () => Promise<unknown>, { what, everyMs, log }: Options) {
    const start = () => {
      this.#work ??= work()
        .then(() => undefined)
        .catch((error: unknown) => log.warn(`${what}: ${String(error)}`))
        .finally(() => (this.#work = undefined));
    };
    this.#timer = setInterval(start, everyMs);
    this.#timer.unref();
  }

  /** Resolves when what is under way is done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }
}
