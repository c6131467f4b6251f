import { encodeLeaf } from '@palimpsest/archive';
import type { Position, RecordedEvent } from '@palimpsest/event-store';
import type { StoredCheckpoint } from './checkpoints.js';
import type { Evidence } from './evidence.js';

/** Proof that an event is in the log that a checkpoint vouches for. verifier.py reads it; docs/EVIDENCE.md describes it. */
export interface EventProof {
  readonly format: 'palimpsest-proof';
  readonly version: 1;
  /** The event, as the text that is hashed; for those who may see it. */
  readonly leaf?: string;
  /** Which leaf the event is, from 0. */
  readonly index: number;
  /** SHA-256 of a zero byte and the leaf, base64. */
  readonly leafHash: string;
  /** Siblings from the leaf up to the root (RFC 9162, 2.1.3), base64. */
  readonly hashes: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
  /** Public keys of its signers. To be believed only by comparing them with what one knows from elsewhere. */
  readonly keys: readonly string[];
}

/** Proof that one checkpoint's log is the beginning of another's. */
export interface ConsistencyProof {
  readonly format: 'palimpsest-consistency';
  readonly version: 1;
  readonly first: number;
  readonly size: number;
  /** RFC 9162, 2.1.4, base64. */
  readonly hashes: readonly string[];
}

/** Proofs for single events: "prove this row". */
export class EventProofs {
  constructor(private readonly evidence: Evidence) {}

  /**
   * Undefined while no checkpoint vouches for the event: the next one will (CHECKPOINT_SECONDS at the latest), or the position
   * is none.
   */
  async of(position: Position): Promise<EventProof | undefined> {
    const found = await this.evidence.checkpoints.coveringEvent(position);
    return found && this.#prove(found.index, found.checkpoint);
  }

  /** The same with the event itself in it. */
  async withContent(event: RecordedEvent): Promise<EventProof | undefined> {
    const proof = await this.of(event.position);
    return proof && { ...proof, leaf: encodeLeaf(event) };
  }

  /** Between two sizes of the tree. Throws RangeError unless 0 < first <= size <= the tree's size. */
  async consistency(first: number, size: number): Promise<ConsistencyProof> {
    const state = await this.evidence.tree.state();
    if (size > (state?.size ?? 0)) throw new RangeError(`The tree has ${state?.size ?? 0} leaves, not ${size}.`);
    const hashes = await this.evidence.tree.consistency(first, size);
    return { format: 'palimpsest-consistency', version: 1, first, size, hashes: hashes.map(base64) };
  }

  async #prove(index: number, { size, note, keys }: StoredCheckpoint): Promise<EventProof> {
    const { leaf, hashes } = await this.evidence.tree.inclusionOf(index, size);
    return {
      ...({ format: 'palimpsest-proof', version: 1 } as const),
      ...{ index, leafHash: leaf.toString('base64'), hashes: hashes.map(base64), checkpoint: note, keys },
    };
  }
}

function base64(hash: Buffer): string {
  return hash.toString('base64');
}
