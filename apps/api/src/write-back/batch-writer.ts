/**
 * Carries out what a run's folder had (FilesCollected) in the workspace, file by file. Theory of operation.
 *
 * Each step is repeatable: ids of files and events follow from the run, the batch and the path, a step that has been taken is
 * recognised in the log, and the results of a batch are one append. So a crash anywhere leaves nothing half done that the
 * next attempt would not finish, and nothing that it would do twice.
 *
 * People come first. A file that a person has edited since the run began is not deleted and not replaced; where a name is
 * taken by somebody's file, the program's gets another name beside it, and is told so. What only programs have written may
 * be written over by a program.
 */
import {
  asId,
  checkPath,
  CONTENT_STORED,
  type CollectedFile,
  encodeEvent,
  type FileContent,
  type FileId,
  type FileProduced,
  type NotKept,
  readMetadata,
  type Rejection,
  type RunId,
  streamOf,
  type WorkspaceCommand,
} from '@palimpsest/domain';
import type { BlobStore } from '@palimpsest/blobs';
import type { RecordedDocuments } from '@palimpsest/documents';
import { type EventStore, type RecordedEvent, WrongExpectedVersion } from '@palimpsest/event-store';
import type { CommandContext } from '../commands/context.js';
import { derivedId } from '../platform/derived-id.js';
import { freeName } from './free-name.js';
import { appendRunEdit, eventsAfter, isOfProgram, isOfRun } from './run-edit.js';
import type { RunPath } from './run-history.js';
import { type Admit, QuotaReached } from '../workspaces/workspace-quota.js';
import type { WorkspaceTree } from './workspace-tree.js';

export interface BatchParts {
  readonly store: EventStore;
  readonly documents: RecordedDocuments;
  readonly blobs: Pick<BlobStore, 'get'>;
}

export interface Batch {
  readonly run: RunId;
  readonly number: number;
  readonly tree: WorkspaceTree;
  readonly paths: ReadonlyMap<string, RunPath>;
  /** Of the person who started the run, by way of the executor. */
  readonly context: CommandContext;
}

/** What became of one file, without when and in which batch. */
export type Outcome =
  | { readonly kind: 'produced'; readonly data: Omit<FileProduced['data'], 'ms' | 'batch'> }
  | { readonly kind: 'notKept'; readonly file: NotKept };

/** Lost races before giving up. */
const MAX_ATTEMPTS = 20;

interface Target {
  readonly file: FileId;
  readonly base: bigint | null;
}

export class BatchWriter {
  readonly #parts: BatchParts;
  readonly #batch: Batch;

  constructor(parts: BatchParts, batch: Batch) {
    this.#parts = parts;
    this.#batch = batch;
  }

  /** `admit` is asked before something is kept; the quota is locked meanwhile. */
  async write(entry: CollectedFile, admit: Admit): Promise<Outcome> {
    const target = this.#targetOf(entry.from ?? entry.path);
    switch (entry.change) {
      case 'deleted':
        return this.#delete(entry, target);
      case 'moved':
        return this.#move(entry, target, admit);
      case 'changed':
      case 'created':
        return this.#store(entry, target, admit);
    }
  }

  /** The file that the program has had under this path, if it is still in the workspace. */
  #targetOf(path: string): Target | undefined {
    const target = this.#batch.paths.get(path);
    return target && this.#batch.tree.pathOf(target.file) !== undefined ? target : undefined;
  }

  /** The id of the file that this entry makes, if it makes one. */
  #idOf({ path }: CollectedFile): FileId {
    return asId<FileId>(derivedId(`run ${this.#batch.run} batch ${this.#batch.number} makes ${path}`));
  }

  #contextOf(file: FileId): CommandContext {
    return { ...this.#batch.context, file };
  }

  #isBinary(file: FileId): boolean {
    return this.#batch.tree.state.binary.has(file);
  }

  async #delete(entry: CollectedFile, target: Target | undefined): Promise<Outcome> {
    const known = this.#batch.paths.get(entry.path);
    if (!known) return notKept(entry, 'refused', 'It was not in the workspace.');
    const { file } = known;
    const done = produced(entry, {
      file,
      base: known.base,
      revision: null,
      kind: this.#isBinary(file) ? 'binary' : 'text',
    });
    if (!target) return done;
    if (await this.#isEditedByOthers(target)) return notKept(entry, 'edited');
    const context = this.#contextOf(file);
    await this.#change(() => [{ kind: 'deleteFile', file }], context);
    // Somebody may have typed between the question and the deletion. Their file comes back, if its name is still free.
    if (!(await this.#isEditedByOthers(target))) return done;
    const refused = await this.#change(() => [{ kind: 'restoreFile', file }], context);
    return refused ? done : notKept(entry, 'edited');
  }

  async #move(entry: CollectedFile, target: Target | undefined, admit: Admit): Promise<Outcome> {
    if (!target) return entry.content ? this.#store(entry, undefined, admit) : notKept(entry, 'refused', GONE);
    const { file } = target;
    const refused = await this.#change((tree) => this.#removal(tree, file, entry.path), this.#contextOf(file));
    // Its content is kept in any case, if need be under the old name.
    if (entry.content) return this.#store(entry, target, admit);
    if (refused) return notKept(entry, 'refused', refused.message);
    const kind = this.#isBinary(file) ? 'binary' : 'text';
    return produced(entry, { file, base: target.base, revision: null, kind, ...this.#keptAs(entry, file) });
  }

  #removal(tree: WorkspaceTree, file: FileId, path: string): WorkspaceCommand[] {
    const paths = [...tree.state.files].filter(([other]) => other !== file).map(([, taken]) => taken);
    return [{ kind: 'moveFile', file, to: paths.includes(path) ? (freeName(path, paths) ?? path) : path }];
  }

  /** New content of a file, or a new file. */
  async #store(entry: CollectedFile, target: Target | undefined, admit: Admit): Promise<Outcome> {
    const { content } = entry;
    if (!content) return notKept(entry, 'failed', 'Its content was not recorded.');
    const blob = await this.#parts.blobs.get(content.sha256);
    if (!blob) return notKept(entry, 'failed', 'Its content is not there.');
    const made = this.#idOf(entry);
    // It was made by an earlier attempt, and may have been moved or deleted since.
    const { files, deleted } = this.#batch.tree.state;
    if (files.has(made) || deleted.has(made)) return this.#madeBefore(entry, content, made);
    const stays = target !== undefined && this.#isBinary(target.file) === (content.kind === 'binary');
    const { sha256, size } = content;
    const holding =
      content.kind === 'text' ? { kind: content.kind, bytes: size } : { kind: content.kind, sha256, bytes: size };
    try {
      await admit(new Map([[stays ? target.file : made, holding]]));
    } catch (error) {
      if (error instanceof QuotaReached) return notKept(entry, 'refused', error.message);
      throw error;
    }
    return this.#storeAdmitted(entry, content, blob.bytes, target);
  }

  async #storeAdmitted(
    entry: CollectedFile,
    content: FileContent,
    bytes: Uint8Array,
    target: Target | undefined,
  ): Promise<Outcome> {
    if (!target) return this.#create(entry, content, bytes);
    if (this.#isBinary(target.file) !== (content.kind === 'binary'))
      return this.#replace(entry, content, bytes, target);
    if (content.kind === 'text') return this.#edit(entry, content, bytes, target);
    return this.#storeBinary(entry, content, bytes, target);
  }

  async #madeBefore(entry: CollectedFile, content: FileContent, file: FileId): Promise<Outcome> {
    const { revision } = await this.#parts.store.streamInfo(streamOf.file(file));
    const path = this.#batch.tree.pathOf(file) ?? this.#batch.tree.state.deleted.get(file);
    return produced(entry, {
      ...{ file, base: null, revision: revision ?? null, kind: content.kind, size: content.size },
      ...(path !== undefined && { keptAs: path }),
    });
  }

  async #edit(entry: CollectedFile, content: FileContent, bytes: Uint8Array, target: Target): Promise<Outcome> {
    const { store, documents } = this.#parts;
    const { run, number } = this.#batch;
    const { file, base } = target;
    const text = textOf(bytes);
    const name = `batch ${number} ${entry.path}`;
    const result = await appendRunEdit(store, documents, {
      run,
      file,
      base,
      text,
      name,
      context: this.#contextOf(file),
    });
    if (result.kind === 'too-large')
      return notKept(entry, 'too-large', 'With what people have typed the text would be longer than a file can be.');
    return produced(entry, {
      ...{ file, base, revision: result.revision, kind: 'text', size: content.size },
      ...this.#keptAs(entry, file),
    });
  }

  /** The newest content counts; one that somebody else stored meanwhile is not hidden by this one. */
  async #storeBinary(entry: CollectedFile, content: FileContent, bytes: Uint8Array, target: Target): Promise<Outcome> {
    const { file, base } = target;
    const stream = streamOf.file(file);
    const event = this.#contentEvent(entry, content, file);
    for (let attempt = 1; ; attempt++) {
      const later = await eventsAfter(this.#parts.store, stream, base);
      const there = later.find(({ id }) => id === event.id);
      const kept = { file, base, kind: 'binary' as const, size: content.size, ...this.#keptAs(entry, file) };
      if (there) return produced(entry, { ...kept, revision: there.revision });
      if (later.some((other) => !isOfRun(other, this.#batch.run))) return this.#create(entry, content, bytes);
      try {
        const expected = later.at(-1)?.revision ?? base ?? 'noStream';
        const { revision } = await this.#parts.store.append(stream, [event], { expected });
        return produced(entry, { ...kept, revision });
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** What was text is bytes now, or the other way round: another file in its place; the old one can be restored. */
  async #replace(entry: CollectedFile, content: FileContent, bytes: Uint8Array, target: Target): Promise<Outcome> {
    if (await this.#isEditedByOthers(target)) return this.#create(entry, content, bytes);
    return this.#create(entry, content, bytes, target.file);
  }

  /** Makes a file, under another name where its own is taken. `instead`: the file that goes for it. */
  async #create(entry: CollectedFile, content: FileContent, bytes: Uint8Array, instead?: FileId): Promise<Outcome> {
    const checked = checkPath(entry.path);
    if (!checked.ok) return notKept(entry, 'name', checked.problem);
    const taken = instead === undefined ? this.#batch.tree.fileAt(entry.path) : undefined;
    const own = taken !== undefined && content.kind === 'text' ? await this.#writtenByPrograms(taken) : undefined;
    if (own) return this.#edit(entry, content, bytes, own);
    const file = this.#idOf(entry);
    // Content first: whoever sees the file in the tree must find it, also after a crash between the two.
    const revision = await this.#firstContent(entry, content, bytes, file);
    const refused = await this.#change(
      (tree) => this.#creation(tree, entry.path, file, content, instead),
      this.#contextOf(file),
    );
    if (refused) return notKept(entry, 'refused', refused.message);
    return produced(entry, {
      ...{ file, base: null, revision, kind: content.kind, size: content.size },
      ...this.#keptAs(entry, file),
    });
  }

  #creation(
    tree: WorkspaceTree,
    path: string,
    file: FileId,
    { kind }: FileContent,
    instead: FileId | undefined,
  ): WorkspaceCommand[] {
    const paths = [...tree.state.files].filter(([other]) => other !== instead).map(([, taken]) => taken);
    // Only where it is that very path: names that differ in case are the person's to settle, and the domain says so.
    const free = paths.includes(path) ? (freeName(path, paths) ?? path) : path;
    const create: WorkspaceCommand = { kind: 'createFile', file, path: free, holds: kind };
    return instead === undefined ? [create] : [{ kind: 'deleteFile', file: instead }, create];
  }

  async #firstContent(
    entry: CollectedFile,
    content: FileContent,
    bytes: Uint8Array,
    file: FileId,
  ): Promise<bigint | null> {
    const { store, documents } = this.#parts;
    const { run } = this.#batch;
    if (content.kind === 'text') {
      const edit = { run, file, base: null, text: textOf(bytes), name: 'first', context: this.#contextOf(file) };
      const result = await appendRunEdit(store, documents, edit);
      return result.kind === 'edited' ? result.revision : null;
    }
    const event = this.#contentEvent(entry, content, file);
    return (await store.append(streamOf.file(file), [event], { expected: 'noStream' })).revision;
  }

  #contentEvent({ path }: CollectedFile, { sha256, size, mediaType }: FileContent, file: FileId) {
    const id = derivedId(`run ${this.#batch.run} batch ${this.#batch.number} stores ${path} in ${file}`);
    const event = { type: CONTENT_STORED, data: { sha256, size, mediaType } } as const;
    return { id, ...encodeEvent(event, this.#contextOf(file)) };
  }

  /** A text file in which no person has written yet, as it is now: a program may write over it, as it would on a disk. */
  async #writtenByPrograms(file: FileId): Promise<Target | undefined> {
    if (this.#isBinary(file)) return undefined;
    const events = await eventsAfter(this.#parts.store, streamOf.file(file), null);
    const own = new Set(events.filter((event) => this.#isOfThisBatch(event)).map(({ id }) => id));
    if (!events.every((event) => isOfProgram(event))) return undefined;
    // As it was before this batch, which may have been begun once already.
    const base = events.filter(({ id }) => !own.has(id)).at(-1)?.revision ?? null;
    return { file, base };
  }

  #isOfThisBatch(event: RecordedEvent): boolean {
    return isOfRun(event, this.#batch.run) && readMetadata(event).causation === this.#batch.context.causation;
  }

  async #isEditedByOthers({ file, base }: Target): Promise<boolean> {
    const later = await eventsAfter(this.#parts.store, streamOf.file(file), base);
    return later.some((event) => !isOfRun(event, this.#batch.run));
  }

  #keptAs({ path }: CollectedFile, file: FileId): { keptAs?: string } {
    const now = this.#batch.tree.pathOf(file);
    return now === undefined || now === path ? {} : { keptAs: now };
  }

  #change(
    choose: (tree: WorkspaceTree) => readonly WorkspaceCommand[],
    context: CommandContext,
  ): Promise<Rejection | undefined> {
    return this.#batch.tree.change(choose, context);
  }
}

const GONE = 'It is not in the workspace any more.';

type Produced = Omit<FileProduced['data'], 'ms' | 'batch' | 'path' | 'change' | 'from' | 'base' | 'revision'> & {
  readonly base: bigint | null;
  readonly revision: bigint | null;
};

function produced({ path, change, from }: CollectedFile, { base, revision, keptAs, ...more }: Produced): Outcome {
  const data = {
    ...{ path, change },
    ...more,
    ...(keptAs !== undefined && keptAs !== path && { keptAs }),
    ...(from !== undefined && { from }),
    base: base === null ? null : String(base),
    revision: revision === null ? null : String(revision),
  };
  return { kind: 'produced', data };
}

function notKept({ path }: CollectedFile, reason: NotKept['reason'], detail?: string): Outcome {
  return { kind: 'notKept', file: { path, reason, ...(detail !== undefined && { detail }) } };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
