/**
 * Sandboxes that have been started before anybody asks for one, so that a run begins without waiting for bubblewrap and Python.
 *
 * Theory of operation. Each is used by one run and never again. One that is taken is replaced a moment later, one at a time, so
 * that a burst of runs does not compete with the replacements for what it did not get: those runs have their sandbox started
 * for them, which is the same thing later. One that has died, or waited for too long (Python or a library may have been
 * upgraded since), is thrown away and replaced.
 *
 * A sandbox that waits costs its memory, some 7 MB, and no CPU.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { RunLimits } from './limits.js';
import type { Sandbox } from './sandbox.js';
import { StartedSandbox } from './started-sandbox.js';

export interface PoolOptions {
  /** Folder of the executor's own in which every sandbox has one, by the name of its run or of itself. */
  readonly folder: string;
  /** How many wait. 0: each is started when it is asked for. */
  readonly size: number;
  readonly limits: RunLimits;
  /** Milliseconds after which one that waits is replaced. */
  readonly mostAgeMs?: number;
}

const MOST_AGE_MS = 10 * 60_000;
/** Milliseconds of quiet before replacements are started. */
const QUIET_MS = 100;
/** Milliseconds until a sandbox that could not be started is tried again. */
const RETRY_MS = 5_000;

export class SandboxPool {
  readonly #sandbox: Sandbox;
  readonly #options: PoolOptions;
  readonly #waiting: StartedSandbox[] = [];
  #filling: Promise<void> | undefined;
  #next: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(sandbox: Sandbox, options: PoolOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.#fillIn(0);
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** One that waited, or a new one that is still starting. Its folder has the name `id`; the caller disposes of it. */
  async take(id: string): Promise<StartedSandbox> {
    const folder = join(this.#options.folder, id);
    const waiting = this.#waiting.shift();
    this.#fillIn(QUIET_MS);
    if (waiting === undefined || waiting.isGone)
      return StartedSandbox.start(this.#sandbox, { id, folder, limits: this.#options.limits });
    await waiting.moveTo(folder);
    return waiting;
  }

  /** Ends those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#next);
    await this.#filling;
    await Promise.all(this.#waiting.splice(0).map(discard));
  }

  #fillIn(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
    }, ms);
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#waiting.length < this.#options.size) {
      const started = await this.#start();
      if (started === undefined) return this.#fillIn(RETRY_MS);
      this.#add(started);
    }
  }

  async #start(): Promise<StartedSandbox | undefined> {
    const { folder, limits } = this.#options;
    const id = `waiting-${randomUUID()}`;
    try {
      const started = await StartedSandbox.start(this.#sandbox, { id, folder: join(folder, id), limits });
      if (await started.ready) return started;
      console.error(`A sandbox ended before it was used: ${started.said.trim()}`);
      await discard(started);
    } catch (error) {
      console.error('A sandbox could not be started:', error);
    }
    return undefined;
  }

  #add(started: StartedSandbox): void {
    this.#waiting.push(started);
    const old = setTimeout(() => this.#drop(started), this.#options.mostAgeMs ?? MOST_AGE_MS);
    old.unref();
    void started.exited.then(() => {
      clearTimeout(old);
      this.#drop(started);
    });
  }

  /** Does nothing to one that somebody has taken. */
  #drop(started: StartedSandbox): void {
    const at = this.#waiting.indexOf(started);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    void discard(started);
    this.#fillIn(QUIET_MS);
  }
}

async function discard(started: StartedSandbox): Promise<void> {
  await started.dispose().catch((error: unknown) => console.error(`sandbox ${started.id}: not tidied up:`, error));
}
