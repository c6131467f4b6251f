import type { CheckpointSigned } from '@palimpsest/domain';
import type { StoredCheckpoint } from './checkpoints.js';
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

type Standing = Pick<EvidenceState, 'tree' | 'latest'>;

/** Whether a checkpoint is due: something was handed in, the key is a new one, or the log has grown and it is time. */
export function isDue(standing: Standing, { everyMs, signers }: SigningRules, now: Date): boolean {
  const { tree, latest } = standing;
  if (tree.size === 0 || !isNews(standing, signers)) return false;
  if (!latest || latest.size < tree.wanted || !isSignedByAll(latest, signers)) return true;
  return now.getTime() - latest.signedAt.getTime() >= everyMs;
}

/**
 * Whether another checkpoint would say more than the last one: the log has grown by more than the event of that checkpoint,
 * which alone would make checkpoints for ever, or another key signs now.
 */
export function isNews({ tree, latest }: Standing, signers: readonly NoteSigner[]): boolean {
  return !latest || tree.size > latest.size + 1 || !isSignedByAll(latest, signers);
}

function isSignedByAll({ keys }: StoredCheckpoint, signers: readonly NoteSigner[]): boolean {
  return signers.every(({ key }) => keys.includes(key.text));
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
