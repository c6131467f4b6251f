/**
 * Theory of operation. A workspace's tree, its files and the requests of its runs are read in the order of the log. Edits gather
 * until something makes a commit of them: a run, with exactly the files at the revisions that it ran; a hand-in, with those that
 * were handed in, and a tag; or nobody having edited for some minutes. Everything in a commit follows from the log and from what
 * people are called, so the same log gives the same ids.
 */
import type { BlobStore } from '@palimpsest/blobs';
import type { RecordedDocuments } from '@palimpsest/documents';
import {
  asId,
  type FileId,
  partsOfStream,
  readEvent,
  readMetadata,
  type RunRequested,
  workspaceDecider,
  type WorkspaceEvent,
  type WorkspaceState,
} from '@palimpsest/domain';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import type { ExportFolder } from '../export-folder.js';
import { inLogOrder } from '../in-log-order.js';
import { readRunAccount } from '../run-account.js';
import type { WorkScope } from '../scope.js';
import { Contents } from './contents.js';
import { commitObject, type Signature, signatureName, type TreeFile, treeObjects } from './objects.js';
import { Pack } from './pack.js';
import { Pending } from './pending.js';
import { runInWords } from './run-in-words.js';

/** So long nobody edits, milliseconds, until what was edited is a commit. */
export const COMMIT_AFTER_MS = 300_000;

/** Addresses that lead nowhere (RFC 2606): an address of a person is nobody's business here. */
const DOMAIN = 'palimpsest.invalid';

export interface GitOptions {
  readonly store: EventStore;
  readonly documents: RecordedDocuments;
  readonly blobs: BlobStore;
  /** Of one workspace. */
  readonly scope: WorkScope;
  readonly signal?: AbortSignal | undefined;
}

/** A reference and the commit that it names. */
export interface Reference {
  readonly name: string;
  readonly id: string;
}

export interface GitHistory {
  readonly pack: Pack;
  readonly references: readonly Reference[];
  readonly commits: number;
}

/** Makes the history of the workspace; its objects are in the folder, which is closed. */
export async function gitHistory(options: GitOptions, folder: ExportFolder): Promise<GitHistory> {
  const history = new History(options, folder);
  try {
    await history.read();
  } finally {
    history.dispose();
    await folder.close();
  }
  return history;
}

interface Commit {
  readonly files: readonly TreeFile[];
  readonly summary: string;
  /** Who asked for it, and when; for a pause: who edited last. */
  readonly by: string;
  readonly at: number;
}

class History implements GitHistory {
  readonly pack: Pack;
  readonly #contents: Contents;
  readonly #names: ReadonlyMap<string, string>;
  readonly #tags: Reference[] = [];
  #state: WorkspaceState = workspaceDecider.initial;
  #pending = new Pending();
  #tip: string | undefined;
  #tree = '';
  #commits = 0;

  constructor(
    private readonly options: GitOptions,
    folder: ExportFolder,
  ) {
    this.pack = new Pack(folder, 'objects.pack');
    this.#contents = new Contents(options.documents, options.blobs, this.pack);
    this.#names = new Map(options.scope.people.map(({ id, displayName }) => [id, displayName]));
  }

  get commits(): number {
    return this.#commits;
  }

  get references(): Reference[] {
    return this.#tip === undefined ? [] : [{ name: 'refs/heads/main', id: this.#tip }, ...this.#tags];
  }

  dispose(): void {
    this.#contents.dispose();
  }

  async read(): Promise<void> {
    const { store, scope, signal } = this.options;
    const { workspaces, files, runs } = scope;
    const sources = [
      ...workspaces.map(({ id, openedAt }) => ({ stream: `workspace-${id}`, since: openedAt })),
      ...files.map(({ id, createdAt }) => ({ stream: `file-${id}`, since: createdAt })),
      ...runs.map(({ id, requestedAt }) => ({ stream: `run-${id}`, since: requestedAt, limit: 1 })),
    ];
    for await (const event of inLogOrder(store, sources, signal)) {
      const at = event.recordedAt.getTime();
      if (!this.#pending.isEmpty && at - this.#pending.at >= COMMIT_AFTER_MS) await this.#commitPending();
      await this.#take(event, at);
    }
    await this.#commitPending();
    if (this.#tip === undefined) await this.#commitNothing();
  }

  async #take(event: RecordedEvent, at: number): Promise<void> {
    const { category, id } = partsOfStream(event.stream);
    const who = readMetadata(event).actor.id;
    if (category === 'file') {
      await this.#contents.take(id, event);
      this.#pending.edited(who, at, this.#pathOf(id));
    } else if (category === 'run') await this.#takeRun((readEvent(event) as RunRequested).data, at);
    else await this.#takeTree(readEvent(event) as WorkspaceEvent, who, at);
  }

  #pathOf(file: string): string | undefined {
    return this.#state.files.get(asId<FileId>(file));
  }

  async #takeTree(event: WorkspaceEvent, who: string, at: number): Promise<void> {
    this.#state = workspaceDecider.evolve(this.#state, event);
    if (event.type === 'WorkHandedIn') return this.#takeHandIn(event.data);
    const operation = operationInWords(event);
    if (operation !== undefined) this.#pending.changed(who, at, operation);
  }

  async #takeRun({ id, by, entry, files }: RunRequested['data'], at: number): Promise<void> {
    const account = await readRunAccount(this.options.store, id);
    const summary = `Run ${entry ?? 'the console'}: ${runInWords(account)}`;
    await this.#commit({ files: await this.#filesAt(files), summary, by, at });
  }

  async #takeHandIn({ by, at, late, files }: Extract<WorkspaceEvent, { type: 'WorkHandedIn' }>['data']): Promise<void> {
    const summary = late ? 'Hand in, late' : 'Hand in';
    const id = await this.#commit({ files: await this.#filesAt(files), summary, by, at });
    this.#tags.push({ name: `refs/tags/handed-in-${this.#tags.length + 1}`, id });
  }

  async #commitPending(): Promise<void> {
    if (this.#pending.isEmpty) return;
    const [by = 'system'] = [...this.#pending.editors.keys()].slice(-1);
    const { at, summary } = this.#pending;
    await this.#commit({ files: await this.#filesNow(), summary, by, at }, { unlessSame: true });
  }

  /** A repository without a commit cannot be cloned. */
  async #commitNothing(): Promise<void> {
    const [workspace] = this.options.scope.workspaces;
    const at = workspace?.openedAt.getTime() ?? 0;
    await this.#commit({ files: [], summary: 'Nothing yet', by: workspace?.owner ?? 'system', at });
  }

  #filesNow(): Promise<TreeFile[]> {
    const files = [...this.#state.files].map(([file, path]) => ({ file, path }));
    return this.#filesAt(files);
  }

  /** One after the other: a content is in memory while it is packed. */
  async #filesAt(
    files: readonly { readonly file: string; readonly path: string; readonly revision?: string | null }[],
  ): Promise<TreeFile[]> {
    const found: TreeFile[] = [];
    for (const { file, path, revision } of files) {
      const isBinary = this.#state.binary.has(asId<FileId>(file));
      const at = revision === undefined || revision === null ? revision : BigInt(revision);
      found.push({ path, id: await this.#contents.blobOf(file, isBinary, at) });
    }
    return found;
  }

  /** Commits what is pending with it. Returns the id of the commit. */
  async #commit(commit: Commit, { unlessSame = false } = {}): Promise<string> {
    const trees = treeObjects(commit.files);
    const tree = trees.at(-1)?.id ?? '';
    const pending = this.#pending;
    this.#pending = new Pending();
    if (unlessSame && tree === this.#tree && this.#tip !== undefined) return this.#tip;
    for (const object of trees) await this.pack.add(object);
    const committer = this.#signature(commit.by, commit.at);
    const [last, ...others] = [...pending.editors].reverse();
    const author = last ? this.#signature(...last) : committer;
    const message = messageOf(
      commit.summary,
      pending,
      others.map((other) => this.#signature(...other)),
    );
    const object = commitObject({ tree, parent: this.#tip, author, committer, message });
    await this.pack.add(object);
    this.#tip = object.id;
    this.#tree = tree;
    this.#commits += 1;
    return object.id;
  }

  #signature(id: string, at: number): Signature {
    const name = signatureName(id === 'system' ? 'Palimpsest' : (this.#names.get(id) ?? id), id);
    return { name, email: `${id}@${DOMAIN}`, at };
  }
}

function messageOf(summary: string, pending: Pending, others: readonly Signature[]): string {
  const operations = pending.operations === summary ? '' : pending.operations;
  const trailers = others.map(({ name, email }) => `Co-authored-by: ${name} <${email}>`).join('\n');
  return [summary.replaceAll('\n', ' '), operations, trailers].filter((part) => part !== '').join('\n\n');
}

/** What happened to the tree; undefined: nothing that Git has. */
function operationInWords(event: WorkspaceEvent): string | undefined {
  switch (event.type) {
    case 'FileCreated':
      return `Create ${event.data.path}`;
    case 'FileMoved':
      return `Move ${event.data.from} to ${event.data.to}`;
    case 'FileDeleted':
      return `Delete ${event.data.path}`;
    case 'FileRestored':
      return `Restore ${event.data.path}`;
    default:
      return undefined;
  }
}
