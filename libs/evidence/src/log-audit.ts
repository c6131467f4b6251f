/**
 * Theory of operation. Three things have to agree: the log, the leaves that were made of it when it was written, and what was
 * signed. The log is read from its start and each event's hash computed anew and compared with its leaf: that names the very
 * event that was changed, taken away, or put in. Then the tree is computed anew from the leaves alone and compared with every
 * checkpoint: whoever changed event and leaf alike is found by the first checkpoint behind it, which names the events between
 * that and the checkpoint before.
 */
import { type CheckpointSigned, readEvent } from '@palimpsest/domain';
import type { EventStore, Position, RecordedEvent } from '@palimpsest/event-store';
import { leafHashOf } from './append-leaves.js';
import { Checkpoints } from './checkpoints.js';
import { type Database, EvidenceTree } from './evidence-tree.js';
import { type Hash, RunningTree } from './merkle-tree.js';
import { NoteFault, type NoteKey, openNote, readNoteKey } from './signed-note.js';
import { parseTreeHead, type TreeHead } from './tree-head.js';

export type FindingKind = 'changed' | 'replaced' | 'removed' | 'added' | 'reordered' | 'checkpoint' | 'tree';

export interface Finding {
  readonly kind: FindingKind;
  /** What a person should know. */
  readonly sentence: string;
  /** Of the event, where it is one. */
  readonly stream?: string;
  readonly revision?: bigint;
  readonly position?: Position;
}

export interface LogAudit {
  /** Events that were compared with their leaves. */
  readonly events: number;
  /** Events that are not in the tree yet: recorded within the last moments. */
  readonly pending: number;
  /** Checkpoints that were checked. */
  readonly checkpoints: number;
  /** None: everything is as it was recorded. At most MAX_FINDINGS. */
  readonly findings: readonly Finding[];
  /** How many more there were. */
  readonly more: number;
}

export interface LogAuditOptions {
  readonly store: EventStore;
  readonly database: Database;
  /** Keys that are known from elsewhere; none: those that the checkpoints name themselves are believed. */
  readonly trusted?: readonly NoteKey[];
  /** Checkpoints that were kept elsewhere, as signed notes. */
  readonly held?: readonly string[];
  readonly onProgress?: (events: number, share: number | undefined) => void;
  readonly signal?: AbortSignal;
}

/** Findings that are told one by one. */
export const MAX_FINDINGS = 100;
/** Events that are compared with one query. */
const PAGE = 1_000;

/** Compares log, tree and checkpoints. Changes nothing; the classroom may run meanwhile. Rejects at the abort. */
export async function auditLog(options: LogAuditOptions): Promise<LogAudit> {
  return new Audit(options).run();
}

interface Leaf {
  readonly index: number;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: Position;
}

class Audit {
  readonly #findings: Finding[] = [];
  readonly #tree: EvidenceTree;
  /** Signed notes by the text of the note, so that one that is in the log and in the table counts once. */
  readonly #notes = new Map<string, readonly string[]>();
  #more = 0;
  #events = 0;
  #pending = 0;
  /** The leaf that the next event should be. */
  #next = 0;

  constructor(private readonly options: LogAuditOptions) {
    this.#tree = new EvidenceTree(options.database);
  }

  async run(): Promise<LogAudit> {
    const { store, database } = this.options;
    const log = await store.identity();
    const state = await this.#tree.state();
    const size = state?.log === log ? state.size : 0;
    if (state && state.log !== log)
      this.#find({ kind: 'tree', sentence: `The tree is of another log (${state.log}; this one is ${log}).` });
    await this.#compareLog(size);
    for (const { note, keys } of await new Checkpoints(database).all(log)) this.#notes.set(note, keys);
    const heads = [...this.#openNotes(), ...this.#openHeld()];
    await this.#compareHeads(heads, size);
    const { length } = heads;
    return {
      ...{ events: this.#events, pending: this.#pending, checkpoints: length },
      ...{ findings: this.#findings, more: this.#more },
    };
  }

  #find(finding: Finding): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding);
    else this.#more++;
  }

  async #compareLog(size: number): Promise<void> {
    const { store, signal, onProgress } = this.options;
    const head = await store.head();
    let page: RecordedEvent[] = [];
    for await (const event of store.readAll()) {
      page.push(event);
      if (page.length < PAGE) continue;
      signal?.throwIfAborted();
      await this.#comparePage(page, size);
      onProgress?.(this.#events, head && store.shareOfLog(event.position, head));
      page = [];
    }
    await this.#comparePage(page, size);
    onProgress?.(this.#events, 1);
    await this.#tellRemoved(size);
  }

  async #comparePage(page: readonly RecordedEvent[], size: number): Promise<void> {
    if (page.length === 0) return;
    const leaves = await this.#leavesAt(page.map(({ position }) => position));
    const to = Math.max(this.#next, ...[...leaves.values()].map(({ index }) => index + 1));
    const from = Math.min(this.#next, ...[...leaves.values()].map(({ index }) => index));
    const hashes = from < to ? await this.#tree.leafHashes({ from, to }) : [];
    for (const event of page) {
      const leaf = leaves.get(event.position);
      if (!leaf || leaf.index >= size) this.#withoutLeaf(event, size);
      else await this.#compare(event, leaf, hashes[leaf.index - from]);
    }
  }

  /** Past the tree's end it is new; before, somebody has put it in. */
  #withoutLeaf(event: RecordedEvent, size: number): void {
    if (this.#next >= size) this.#pending++;
    else this.#find({ kind: 'added', ...placeOf(event), sentence: `${named(event)} was put into the log afterwards.` });
  }

  async #compare(event: RecordedEvent, leaf: Leaf, hash: Hash | undefined): Promise<void> {
    this.#events++;
    if (event.type === 'CheckpointSigned') this.#remember(event);
    if (leaf.index < this.#next)
      this.#find({ kind: 'reordered', ...placeOf(event), sentence: `${named(event)} is not where it was recorded.` });
    if (leaf.index > this.#next) await this.#tellRemoved(leaf.index);
    this.#next = Math.max(this.#next, leaf.index + 1);
    if (hash?.equals(leafHashOf(event))) return;
    const isSame = leaf.stream === event.stream && leaf.revision === event.revision;
    this.#find(isSame ? changed(event) : replaced(event, leaf));
  }

  #remember(event: RecordedEvent): void {
    const { data } = readEvent(event) as CheckpointSigned;
    this.#notes.set(data.note, data.keys);
  }

  /** Leaves up to `to` whose events did not come. */
  async #tellRemoved(to: number): Promise<void> {
    if (this.#next >= to) return;
    const { rows } = await this.options.database.query<{ stream: string; revision: string; position: Position }>(
      'select stream, revision, position from evidence.leaf where index >= $1 and index < $2 order by index limit $3',
      [this.#next, to, MAX_FINDINGS + 1],
    );
    for (const { stream, revision, position } of rows) {
      const place = { stream, revision: BigInt(revision), position };
      this.#find({ kind: 'removed', ...place, sentence: `${named(place)} was removed from the log.` });
    }
    this.#more += Math.max(0, to - this.#next - rows.length);
    this.#next = to;
  }

  async #leavesAt(positions: readonly Position[]): Promise<Map<Position, Leaf>> {
    const { rows } = await this.options.database.query<{
      position: Position;
      index: string;
      stream: string;
      revision: string;
    }>('select position, index, stream, revision from evidence.leaf where position = any ($1)', [positions]);
    return new Map(
      rows.map(({ position, index, stream, revision }) => [
        position,
        { position, index: Number(index), stream, revision: BigInt(revision) },
      ]),
    );
  }

  /** Checkpoints of the log whose signatures hold. */
  #openNotes(): TreeHead[] {
    return [...this.#notes].flatMap(([note, keys]) => {
      const { trusted = [] } = this.options;
      return this.#open(note, () => (trusted.length > 0 ? trusted : keys.map(readNoteKey)), 'A checkpoint in the log');
    });
  }

  #openHeld(): TreeHead[] {
    const { held = [], trusted = [] } = this.options;
    const own = [...this.#notes.values()].flat();
    return held.flatMap((note) =>
      this.#open(
        note,
        () => (trusted.length > 0 ? trusted : own.map(readNoteKey)),
        'A checkpoint that was kept elsewhere',
      ),
    );
  }

  #open(note: string, keys: () => readonly NoteKey[], which: string): TreeHead[] {
    try {
      return [parseTreeHead(openNote(note, keys()))];
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
      this.#find({ kind: 'checkpoint', sentence: `${which} is not to be believed: ${error.message}` });
      return [];
    }
  }

  /** Computes the tree anew from its leaves and compares it with what was signed. */
  async #compareHeads(heads: readonly TreeHead[], size: number): Promise<void> {
    const waiting = [...heads].sort((a, b) => a.size - b.size);
    const tree = new RunningTree();
    let good = 0;
    const compare = () => {
      for (; waiting[0]?.size === tree.size; waiting.shift())
        if (waiting[0].root.equals(tree.root)) good = tree.size;
        else this.#find(notAsSigned(good, tree.size));
    };
    compare();
    while (tree.size < size) {
      this.options.signal?.throwIfAborted();
      const hashes = await this.#tree.leafHashes({ from: tree.size, to: Math.min(size, tree.size + PAGE * 32) });
      if (hashes.length === 0) break;
      for (const hash of hashes) {
        tree.append(hash);
        compare();
      }
    }
    for (const late of waiting)
      this.#find({ kind: 'checkpoint', sentence: `${late.size} events were signed; the tree has only ${tree.size}.` });
    await this.#compareRoot(tree, size);
  }

  async #compareRoot(tree: RunningTree, size: number): Promise<void> {
    const kept = await this.#tree.root(size).catch(() => undefined);
    if (tree.size !== size || !kept?.equals(tree.root))
      this.#find({ kind: 'tree', sentence: 'The tree does not follow from its leaves: its tables were changed.' });
  }
}

type Place = Pick<RecordedEvent, 'stream' | 'revision' | 'position'>;

function placeOf({ stream, revision, position }: Place): Place {
  return { stream, revision, position };
}

function named({ stream, revision, position }: Place): string {
  return `Event ${revision} of ${stream}, at position ${position},`;
}

function changed(event: RecordedEvent): Finding {
  return { kind: 'changed', ...placeOf(event), sentence: `${named(event)} was changed after it was recorded.` };
}

function replaced(event: RecordedEvent, leaf: Leaf): Finding {
  const sentence = `${named(event)} lies where event ${leaf.revision} of ${leaf.stream} was recorded.`;
  return { kind: 'replaced', ...placeOf(event), sentence };
}

function notAsSigned(good: number, bad: number): Finding {
  return {
    kind: 'checkpoint',
    sentence: `The first ${bad} events are not those that were signed; the first ${good} are: something between was changed.`,
  };
}
