/**
 * The port to stored snapshots. A snapshot is derived data: what a stream holds up to a revision, folded once so that it
 * need not be folded again. Losing all of them costs time and nothing else.
 */
export interface SnapshotKey {
  /** Name of the stream that was folded. */
  readonly stream: string;
  /** What it was folded into. */
  readonly kind: string;
  /** Version of the form of `bytes`. A program reads its own version only. */
  readonly format: number;
}

export interface StoredSnapshot {
  /** Revision of the last event that is in it. */
  readonly revision: bigint;
  /** Id of that event: a stream that holds another event there is not the one that was folded. */
  readonly eventId: string;
  /** Identity of the log (`EventStore.identity`). */
  readonly epoch: string;
  /** SHA-256 of `bytes`, 32 bytes. */
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface SnapshotStore {
  /** The newest snapshot of this epoch, and with a revision lower than `below` if that is given; undefined if there is none. */
  newest(key: SnapshotKey, epoch: string, below?: bigint): Promise<StoredSnapshot | undefined>;
  /**
   * Stores the snapshot, in place of one of the same revision. Then removes what is not needed any more: of this epoch all
   * but the two newest, all of other epochs, and all of older formats.
   */
  write(key: SnapshotKey, snapshot: StoredSnapshot): Promise<void>;
  /** Removes the snapshot of this revision, if there is one. */
  remove(key: SnapshotKey, revision: bigint): Promise<void>;
}
