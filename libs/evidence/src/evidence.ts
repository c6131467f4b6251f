import { Checkpoints, type StoredCheckpoint } from './checkpoints.js';
import { type Database, EvidenceTree, type TreeState } from './evidence-tree.js';
import type { Hash } from './merkle-tree.js';

/** What can be said of the tree by looking at it and at what was signed of it. */
export interface EvidenceState {
  readonly tree: TreeState;
  readonly latest: StoredCheckpoint | undefined;
  /** Why nothing may be signed any more: tree and checkpoints contradict each other. Undefined: they agree. */
  readonly contradiction: string | undefined;
}

/** The tree and its checkpoints together. */
export class Evidence {
  readonly tree: EvidenceTree;
  readonly checkpoints: Checkpoints;

  constructor(database: Database) {
    this.tree = new EvidenceTree(database);
    this.checkpoints = new Checkpoints(database);
  }

  /** The tree and its last checkpoint, not compared. Undefined before the first leaf. */
  async standing(): Promise<Pick<EvidenceState, 'tree' | 'latest'> | undefined> {
    const tree = await this.tree.state();
    return tree && { tree, latest: await this.checkpoints.latest(tree.log) };
  }

  /** The same, compared. */
  async state(): Promise<EvidenceState | undefined> {
    const standing = await this.standing();
    if (!standing) return undefined;
    const { tree, latest } = standing;
    const refused = await this.checkpoints.contradiction(tree.log);
    const contradiction = refused ? refusedInWords(refused) : latest && (await this.#contradicts(latest, tree));
    return { tree, latest, contradiction };
  }

  /** Whether the tree is still the one that was signed, with more leaves. */
  async #contradicts({ size, root }: StoredCheckpoint, tree: TreeState): Promise<string | undefined> {
    if (tree.size < size)
      return `A checkpoint of ${size} events was signed; the log's tree has only ${tree.size}: events were removed.`;
    const now = await this.tree.root(size).catch((error: unknown) => error as Error);
    if (now instanceof Error) return `The tree cannot be computed at a signed checkpoint: ${now.message}`;
    return now.equals(root) ? undefined : changedInWords(size, root, now);
  }
}

function refusedInWords({ size, position }: StoredCheckpoint): string {
  return (
    `The log holds a checkpoint of ${size} events (at position ${position}) that does not agree with the events before it: ` +
    'they were changed, removed or reordered.'
  );
}

function changedInWords(size: number, signed: Hash, now: Hash): string {
  return (
    `The first ${size} events had the root ${signed.toString('base64')} when they were signed; ` +
    `the tree has ${now.toString('base64')} now: it was changed.`
  );
}
