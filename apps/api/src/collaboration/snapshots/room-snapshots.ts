import type { DocSnapshots, DocState } from '@palimpsest/documents';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Updates between two snapshots of a document. What comes after the last snapshot is read and applied at opening: some
 * 30 ms for this many, so a file opens in under 150 ms whatever its length. Encoding takes up to 80 ms of the process (a
 * file of 100,000 edits at random places), so it should not be less.
 */
export const SNAPSHOT_EVERY = 2_000;
/** Updates since the last snapshot from which on a room writes one when it closes: fewer open as fast without. */
const SNAPSHOT_AT_CLOSE = 200;
/** How long a room that closes waits for its snapshot, milliseconds. */
const FINISH_MS = 5_000;

/**
 * When a room's document is saved as a snapshot. The room says what it has recorded; the rest happens beside it: nothing
 * here throws or is waited for. After a write that failed for good, the next one comes SNAPSHOT_EVERY updates later.
 */
export class RoomSnapshots {
  readonly #snapshots: DocSnapshots;
  readonly #stream: string;
  readonly #capture: () => DocState | undefined;
  readonly #onSaved: () => void;
  /** Aborted: no pauses and second tries any more. */
  #hurry = new AbortController();
  /** Updates in the document that are not in a snapshot. */
  #updates = 0;
  #dueAt = SNAPSHOT_EVERY;
  #saving: Promise<void> | undefined;

  /**
   * `capture` gives the document and what was recorded in it, at the time of the call; undefined if it cannot be trusted.
   * `onSaved` is called after each snapshot that was written, and must not throw.
   */
  constructor(
    snapshots: DocSnapshots,
    stream: string,
    capture: () => DocState | undefined,
    onSaved: () => void = () => undefined,
  ) {
    this.#snapshots = snapshots;
    this.#stream = stream;
    this.#capture = capture;
    this.#onSaved = onSaved;
  }

  /** Says that the document holds this many recorded updates more. */
  recorded(updates: number): void {
    this.#updates += updates;
  }

  /** Begins to write a snapshot if enough was recorded and none is being written. */
  saveIfDue(): void {
    if (this.#updates >= this.#dueAt) this.#saving ??= this.#save();
  }

  /** Writes the last snapshot if it is worth it. Resolves when it is written or has failed, at the latest after 5 s. */
  async finish(): Promise<void> {
    this.#hurry.abort();
    const late = pause(FINISH_MS, undefined, { ref: false });
    await Promise.race([this.#finish(), late]);
    this.#hurry = new AbortController();
  }

  async #finish(): Promise<void> {
    await this.#saving;
    if (this.#updates >= SNAPSHOT_AT_CLOSE) await (this.#saving ??= this.#save(1));
  }

  async #save(tries?: number): Promise<void> {
    let captured = 0;
    const capture = () => {
      captured = this.#updates;
      return this.#capture();
    };
    const { signal } = this.#hurry;
    const saved = await this.#snapshots.save(this.#stream, capture, { signal, ...(tries && { tries }) });
    if (saved) {
      this.#updates -= captured;
      this.#onSaved();
    }
    this.#dueAt = saved ? SNAPSHOT_EVERY : this.#updates + SNAPSHOT_EVERY;
    this.#saving = undefined;
  }
}
