import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Pipes that one call makes. */
const AT_ONCE = 32;

/**
 * Named pipes that are there already. Node cannot make any, and to start another program for two of them is a tenth of what
 * it takes to start a sandbox, since each start copies the tables of this process: so they are made many at a time, and each
 * is moved to where it is needed. Nobody but this user can open them (0600).
 */
export class PipeStock {
  readonly #folder: string;
  readonly #spare: string[] = [];
  #made = 0;
  #making: Promise<void> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `folder` is emptied: what an earlier process left there may be of anybody. */
  static async open(folder: string): Promise<PipeStock> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    return new PipeStock(folder);
  }

  /** Puts a new pipe at each of these paths, in place of what is there. Rejects where that is not possible. */
  async take(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      while (this.#spare.length === 0) await this.#make();
      await rename(this.#spare.pop() as string, path);
    }
    // Not when somebody waits for them.
    if (this.#spare.length < AT_ONCE / 2) void this.#make().catch(() => undefined);
  }

  #make(): Promise<void> {
    this.#making ??= this.#makeMore().finally(() => (this.#making = undefined));
    return this.#making;
  }

  async #makeMore(): Promise<void> {
    const paths = Array.from({ length: AT_ONCE }, () => join(this.#folder, String(this.#made++)));
    await promisify(execFile)('/usr/bin/mkfifo', ['-m', '600', ...paths], { env: {} });
    this.#spare.push(...paths);
  }
}
