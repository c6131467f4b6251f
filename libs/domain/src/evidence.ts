/** Stream `evidence-<yyyy-mm>`: what vouches for the log itself (docs/EVIDENCE.md). */
export interface CheckpointSigned {
  readonly type: 'CheckpointSigned';
  readonly data: {
    /** Events of the log that it vouches for: the first so many. */
    readonly size: number;
    /** Root of the Merkle tree over them, base64. */
    readonly root: string;
    /** The signed note, whole. */
    readonly note: string;
    /** Public keys of those who signed it, as text of C2SP signed-note. */
    readonly keys: readonly string[];
  };
}
export type EvidenceEvent = CheckpointSigned;
