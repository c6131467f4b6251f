/**
 * Sandboxes that have been started before anybody asks for one, so that a run begins without waiting for bubblewrap and Python.
 *
 * Theory of operation. Each is used by one run and never again. One that is taken is replaced a moment later, one at a time, so
 * that a burst of runs does not compete with the replacements for what it did not get: those runs have their sandbox started
 * for them, which is the same thing later. One that has died, or waited for too long (Python or a library may have been
 * upgraded since), is thrown away and replaced.
 *
 * A sandbox that waits costs its memory, some 5 MB, and no CPU.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunLimits } from './limits.js';
import { removeFolder } from './remove-folder.js';
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

/** What the name of a sandbox begins with that has no run yet; its cgroup keeps it. No run is called so. */
const WAITING = 'waiting-';
const MOST_AGE_MS = 10 * 60_000;
/** Milliseconds of quiet before replacements are started. */
const QUIET_MS = 100;
/** Milliseconds until a sandbox that could not be started is tried again. */
const RETRY_MS = 5_000;

/** Whether a folder or group of this name is that of a sandbox without a run, or of one whose group kept the name. */
export function isWaiting(name: string): boolean {
  return name.startsWith(WAITING);
}

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
    this.#filling = this.#removeLeftOver().finally(() => {
      this.#filling = undefined;
      this.#fillIn(0);
    });
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** One that waited, or a new one that is still starting. The caller disposes of it. */
  async take(): Promise<StartedSandbox> {
    const waiting = this.#waiting.shift();
    this.#fillIn(QUIET_MS);
    return waiting === undefined || waiting.isGone ? this.#begin() : waiting;
  }

  /** Gives its folder the name of its run, by which a run that a killed executor left is told from what merely waited. Rejects with it ended. */
  async assign(sandbox: StartedSandbox, run: string): Promise<void> {
    try {
      await sandbox.moveTo(join(this.#options.folder, run));
    } catch (error) {
      await discard(sandbox);
      throw error;
    }
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

  /** What a killed executor of this name had waiting. Its processes have died with it. */
  async #removeLeftOver(): Promise<void> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter(isWaiting))
      await removeFolder(join(folder, name)).catch((error: unknown) => console.error(`${name} stays:`, error));
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#waiting.length < this.#options.size) {
      const started = await this.#start();
      if (started === undefined) return this.#fillIn(RETRY_MS);
      this.#add(started);
    }
  }

  async #start(): Promise<StartedSandbox | undefined> {
    try {
      const started = await this.#begin();
      if (await started.ready) return started;
      console.error(`A sandbox ended before it was used: ${started.said.trim()}`);
      await discard(started);
    } catch (error) {
      console.error('A sandbox could not be started:', error);
    }
    return undefined;
  }

  #begin(): Promise<StartedSandbox> {
    const { folder, limits } = this.#options;
    const id = `${WAITING}${randomUUID()}`;
    return StartedSandbox.start(this.#sandbox, { id, folder: join(folder, id), limits });
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
