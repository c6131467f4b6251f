import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobStore, BlobTooLarge } from '@palimpsest/blobs';
import { type CollectedFile, type FilesCollected, type RunFile, type RunEvent } from '@palimpsest/domain';
import { type FolderChanges, FolderWatch } from './folder-changes.js';

/**
 * The files of one run, from the executor's side. It records what the folder held, as FilesCollected and blobs, and nothing
 * else: who may write what where is for the api to say, which carries it out (docs/decisions/0014). So a crash after that
 * loses nothing, and a program whose person has lost the right to write has still been heard.
 *
 * It looks when the last process is gone and, while there is a prompt, when the console comes to rest: a moment later, so
 * that a file being written is whole, and not more often than every few seconds.
 */
export interface RunFilesOptions {
  /** The workspace, laid out. */
  readonly folder: string;
  readonly files: readonly RunFile[];
  readonly blobs: Pick<BlobStore, 'put'>;
  /** Milliseconds since the run's start. */
  now(): number;
  record(event: RunEvent): void;
  /** What is known of an earlier attempt, of which only the log tells. */
  readonly watch?: FolderWatch;
  readonly batch?: number;
}

/** Milliseconds between a pause of the console and a look at the folder. */
const REST_MS = 300;
/** Milliseconds between two looks while the run goes on. */
const INTERVAL_MS = 3_000;
/** Files in one event: with the longest names it stays below half of what an append takes. */
const FILES_IN_EVENT = 100;
/** Times that a blob is tried, and milliseconds between. Then the file is told as not kept. */
const BLOB_TRIES = 20;
const BLOB_RETRY_MS = 500;

export class RunFiles {
  readonly #options: RunFilesOptions;
  readonly #watch: FolderWatch;
  #batch: number;
  #lastLook = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: RunFilesOptions) {
    this.#options = options;
    this.#watch = options.watch ?? new FolderWatch(options.folder);
    this.#batch = options.batch ?? 0;
  }

  /** Takes what has just been laid out for what is known; before the program starts. */
  begin(): Promise<void> {
    return this.#watch.begin(this.#options.files.map(({ path }) => path));
  }

  /** The console has come to rest. */
  paused(): void {
    if (this.#timer || this.#ended) return;
    const wait = Math.max(REST_MS, this.#lastLook + INTERVAL_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#look(false);
    }, wait);
  }

  /** No process is left: looks for the last time. Resolves when all is recorded as far as `record` does. Never rejects. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#look(true);
  }

  /** One look after the other. */
  #look(settled: boolean): Promise<void> {
    return (this.#looking = this.#looking.then(() => this.#collect(settled)));
  }

  async #collect(settled: boolean): Promise<void> {
    // The last look sees all that this one would.
    if (this.#ended && !settled) return;
    this.#lastLook = performance.now();
    try {
      const keep = (bytes: Uint8Array, { mediaType }: { mediaType: string }) => this.#keep(bytes, mediaType);
      this.#record(await this.#watch.collect({ keep, settled }));
    } catch (error) {
      console.error('the files of a run cannot be looked at:', error);
      this.#record({ files: [], notKept: [{ path: '.', reason: 'failed' }], more: 0 });
    }
  }

  #record({ files, notKept, more }: FolderChanges): void {
    if (files.length === 0 && notKept.length === 0) return;
    const parts: CollectedFile[][] = [];
    for (let at = 0; at < files.length; at += FILES_IN_EVENT) parts.push(files.slice(at, at + FILES_IN_EVENT));
    if (parts.length === 0) parts.push([]);
    for (const [part, some] of parts.entries()) {
      const rest = part === 0 ? { notKept, more } : { notKept: [], more: 0 };
      const data: FilesCollected['data'] = { ms: this.#options.now(), batch: this.#batch++, files: some, ...rest };
      this.#options.record({ type: 'FilesCollected', data });
    }
  }

  async #keep(bytes: Uint8Array, mediaType: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#options.blobs.put(bytes, mediaType);
        return;
      } catch (error) {
        if (error instanceof BlobTooLarge || attempt >= BLOB_TRIES) throw error;
        await sleep(BLOB_RETRY_MS);
      }
    }
  }
}
