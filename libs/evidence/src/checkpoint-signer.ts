import type { CheckpointSigned } from '@palimpsest/domain';
import type { Evidence, EvidenceState } from './evidence.js';
import { type NoteSigner, signNote } from './signed-note.js';
import { formatTreeHead } from './tree-head.js';

export interface SigningRules {
  /** How long the log may grow without a checkpoint, milliseconds. */
  readonly everyMs: number;
  /** Name of the log in its checkpoints. */
  readonly origin: string;
  /** The key, and after it the one before, as long as it is still to sign. */
  readonly signers: readonly NoteSigner[];
}

/** Whether a checkpoint is due: something was handed in, or the log has grown and the last one is old enough. */
export function isDue({ tree, latest }: Pick<EvidenceState, 'tree' | 'latest'>, everyMs: number, now: Date): boolean {
  if (tree.size === 0) return false;
  if (!latest || latest.size < tree.wanted) return true;
  return hasGrown({ tree, latest }) && now.getTime() - latest.signedAt.getTime() >= everyMs;
}

/** By more than the event of the last checkpoint itself, which alone would make checkpoints for ever. */
export function hasGrown({ tree, latest }: Pick<EvidenceState, 'tree' | 'latest'>): boolean {
  return tree.size > (latest ? latest.size + 1 : 0);
}

/** A checkpoint of the tree as it is, as the event to be recorded. The caller has seen that nothing contradicts it. */
export async function signCheckpoint(
  evidence: Evidence,
  size: number,
  { origin, signers }: Pick<SigningRules, 'origin' | 'signers'>,
): Promise<CheckpointSigned> {
  const root = await evidence.tree.root(size);
  const note = signNote(formatTreeHead({ origin, size, root }), signers);
  const keys = signers.map(({ key }) => key.text);
  return { type: 'CheckpointSigned', data: { size, root: root.toString('base64'), note, keys } };
}
