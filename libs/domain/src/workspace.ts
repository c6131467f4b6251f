import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, DeletionId, FileId, ItemId, UserId, WorkspaceId } from './identifiers.js';
import type { FileKind } from './file.js';
import { checkPath, isWithin } from './path.js';
import { TreeNames } from './tree-names.js';
import { type CopiedFile, handIn, type WorkEvent, type WorkspaceCopied } from './work.js';

/**
 * Who may use a workspace: `course`, every member of the course writes in it (the demo's shared one); `personal`, its
 * owner alone; `material`, professors write and the others read; `copy`, of an item of the course for a student or a group.
 */
export type WorkspaceKind = 'course' | 'personal' | 'material' | 'copy';

export interface WorkspaceOpened {
  readonly type: 'WorkspaceOpened';
  readonly data: {
    readonly id: WorkspaceId;
    readonly kind: WorkspaceKind;
    readonly course: CourseId;
    readonly owner: UserId;
    readonly name: string;
    /** Of a copy: what of; of material: what it is published as, if it is. */
    readonly item?: ItemId;
    /** Of a copy for a group: which. */
    readonly group?: string;
  };
}
export interface FileCreated {
  readonly type: 'FileCreated';
  /** Without `kind` it is a text file. `copyOf`: the file whose content it begins with. */
  readonly data: {
    readonly file: FileId;
    readonly path: string;
    readonly kind?: 'binary';
    readonly copyOf?: FileId;
  };
}
export interface FileMoved {
  readonly type: 'FileMoved';
  readonly data: { readonly file: FileId; readonly from: string; readonly to: string };
}
/** The file leaves the tree; its stream, and so its history, stays. With `deletion` it went with its folder. */
export interface FileDeleted {
  readonly type: 'FileDeleted';
  readonly data: { readonly file: FileId; readonly path: string; readonly deletion?: DeletionId };
}
export interface FileRestored {
  readonly type: 'FileRestored';
  readonly data: { readonly file: FileId; readonly path: string };
}
/**
 * A folder that is there without files. Folders of files need no event: they exist by the paths. What happens to a folder
 * is an event of its own and one for each file in it, in one append.
 */
export interface FolderCreated {
  readonly type: 'FolderCreated';
  readonly data: { readonly path: string };
}
/** The made folders at or below `from` are below `to` now; of its files FileMoved tells. */
export interface FolderMoved {
  readonly type: 'FolderMoved';
  readonly data: { readonly from: string; readonly to: string };
}
/** `folders`: the made folders that went. The files that went with it name the same `deletion`. */
export interface FolderDeleted {
  readonly type: 'FolderDeleted';
  readonly data: { readonly path: string; readonly deletion: DeletionId; readonly folders: readonly string[] };
}
/** `folders`: the made folders that are back. Of its files FileRestored tells. */
export interface FolderRestored {
  readonly type: 'FolderRestored';
  readonly data: { readonly path: string; readonly deletion: DeletionId; readonly folders: readonly string[] };
}
export type WorkspaceEvent =
  | WorkspaceOpened
  | FileCreated
  | FileMoved
  | FileDeleted
  | FileRestored
  | FolderCreated
  | FolderMoved
  | FolderDeleted
  | FolderRestored
  | WorkEvent;

/** A file to be made; its content is in its stream already. */
export interface NewFile {
  readonly file: FileId;
  readonly path: string;
  readonly holds?: FileKind;
  readonly copyOf?: FileId;
}

export type WorkspaceCommand =
  | ({ readonly kind: 'open' } & { readonly workspace: WorkspaceOpened['data'] })
  | {
      readonly kind: 'openCopy';
      readonly workspace: WorkspaceOpened['data'];
      readonly from: WorkspaceId;
      readonly revision: string;
      readonly files: readonly CopiedFile[];
      /** Made folders. */
      readonly folders: readonly string[];
    }
  | ({ readonly kind: 'handIn' } & Parameters<typeof handIn>[0])
  | ({ readonly kind: 'createFile' } & NewFile)
  /** All or none: what a copied folder has. Folders that are there already are left as they are. */
  | { readonly kind: 'addFiles'; readonly files: readonly NewFile[]; readonly folders: readonly string[] }
  | { readonly kind: 'moveFile'; readonly file: FileId; readonly to: string }
  | { readonly kind: 'deleteFile'; readonly file: FileId }
  /** Under the path that it had, or under `to`. */
  | { readonly kind: 'restoreFile'; readonly file: FileId; readonly to?: string }
  | { readonly kind: 'createFolder'; readonly path: string }
  | { readonly kind: 'moveFolder'; readonly from: string; readonly to: string }
  | { readonly kind: 'deleteFolder'; readonly path: string; readonly deletion: DeletionId }
  /** What went with the folder and is not back yet, under the path that it had, or under `to`. */
  | { readonly kind: 'restoreFolder'; readonly deletion: DeletionId; readonly to?: string };

/** A folder that was deleted. */
export interface FolderDeletion {
  readonly path: string;
  readonly folders: readonly string[];
  /** Those of its files that are still deleted. */
  readonly files: ReadonlySet<FileId>;
  readonly isRestored: boolean;
}

export interface WorkspaceState {
  readonly exists: boolean;
  /** Live files by id. */
  readonly files: ReadonlyMap<FileId, string>;
  /** Folders that were made, whether files are in them or not. */
  readonly folders: ReadonlySet<string>;
  /** Last paths of the deleted files. */
  readonly deleted: ReadonlyMap<FileId, string>;
  /** Which of both are binary. */
  readonly binary: ReadonlySet<FileId>;
  readonly deletions: ReadonlyMap<DeletionId, FolderDeletion>;
}

/** Entries of one workspace, made folders included: bounds the tree in the interface, the run's request and the time to lay out a run. */
export const MAX_FILES = 500;

type WorkspaceDecision = Decision<WorkspaceEvent>;
type Wanted<Kind extends WorkspaceCommand['kind']> = Extract<WorkspaceCommand, { kind: Kind }>;

const REFUSE = reject<WorkspaceEvent>;

/** The names that are taken, without those of `except`. */
function namesIn(state: WorkspaceState, except: ReadonlySet<FileId> = new Set(), folder?: string): TreeNames {
  const names = new TreeNames();
  for (const path of state.folders) if (folder === undefined || !isWithin(path, folder)) names.addFolder(path);
  for (const [file, path] of state.files) if (!except.has(file)) names.addFile(path);
  return names;
}

function room(state: WorkspaceState, more: number): WorkspaceDecision | undefined {
  if (state.files.size + state.folders.size + more <= MAX_FILES) return undefined;
  return REFUSE('too-large', `A workspace holds at most ${MAX_FILES} files and folders: delete some first.`);
}

function open(command: Wanted<'open'>, state: WorkspaceState): WorkspaceDecision {
  if (state.exists) return reject('already-exists', 'This workspace exists already.');
  const name = command.workspace.name.trim();
  if (name === '' || name.length > 120)
    return reject('invalid-value', 'The name of a workspace has 1 to 120 characters.');
  return accept({ type: 'WorkspaceOpened', data: { ...command.workspace, name } });
}

/** A new workspace with these files, all in one append. */
function openCopy(command: Wanted<'openCopy'>, state: WorkspaceState): WorkspaceDecision {
  const { workspace, from, revision, files, folders } = command;
  const opened = open({ kind: 'open', workspace }, state);
  if (!opened.accepted) return opened;
  const { item } = workspace;
  const copied: WorkspaceCopied = {
    type: 'WorkspaceCopied',
    data: {
      ...{ from, revision },
      ...(item !== undefined && { item }),
      files: files.map((one) => ({ file: one.file, from: one.from, revision: one.revision })),
    },
  };
  const filled = addFiles(
    { files: files.map(({ file, path, kind }) => ({ file, path, holds: kind })), folders },
    state,
  );
  return filled.accepted ? accept<WorkspaceEvent>(...opened.events, copied, ...filled.events) : filled;
}

/** Places each path, so that they do not stand in each other's way either. */
function placeAll(names: TreeNames, paths: readonly string[]): readonly string[] | WorkspaceDecision {
  const placed: string[] = [];
  for (const text of paths) {
    const checked = checkPath(text);
    if (!checked.ok) return reject('invalid-path', checked.problem);
    const problem = names.problemOfFile(checked.path);
    if (problem !== undefined) return reject('path-taken', problem);
    names.addFile(checked.path);
    placed.push(checked.path);
  }
  return placed;
}

/** The folders of `paths` that are not there yet. */
function placeFolders(names: TreeNames, paths: readonly string[]): readonly string[] | WorkspaceDecision {
  const placed: string[] = [];
  for (const text of paths) {
    const checked = checkPath(text);
    if (!checked.ok) return reject('invalid-path', checked.problem);
    const problem = names.problemOfFolder(checked.path);
    if (problem !== undefined) return reject('path-taken', problem);
    names.addFolder(checked.path);
    placed.push(checked.path);
  }
  return placed;
}

function isRefusal(result: readonly string[] | WorkspaceDecision): result is WorkspaceDecision {
  return !Array.isArray(result);
}

function addFiles({ files, folders }: Omit<Wanted<'addFiles'>, 'kind'>, state: WorkspaceState): WorkspaceDecision {
  if (files.some(({ file }) => state.files.has(file) || state.deleted.has(file)))
    return reject('already-exists', 'This file exists already.');
  const fresh = folders.filter((path) => !state.folders.has(path));
  const full = room(state, files.length + fresh.length);
  if (full) return full;
  const names = namesIn(state);
  const madeFolders = placeFolders(names, fresh);
  if (isRefusal(madeFolders)) return madeFolders;
  const paths = placeAll(
    names,
    files.map(({ path }) => path),
  );
  if (isRefusal(paths)) return paths;
  return accept<WorkspaceEvent>(
    ...madeFolders.map((path) => ({ type: 'FolderCreated', data: { path } }) as const),
    ...files.map(({ file, holds, copyOf }, n) => {
      const data = {
        ...{ file, path: paths[n] ?? '' },
        ...(holds === 'binary' && { kind: 'binary' as const }),
        ...(copyOf !== undefined && { copyOf }),
      };
      return { type: 'FileCreated', data } as const;
    }),
  );
}

function moveFile(command: Wanted<'moveFile'>, state: WorkspaceState): WorkspaceDecision {
  const from = state.files.get(command.file);
  if (from === undefined) return reject('not-found', 'This file is not in the workspace any more.');
  const placed = placeAll(namesIn(state, new Set([command.file])), [command.to]);
  if (isRefusal(placed)) return placed;
  const to = placed[0] ?? from;
  if (to === from) return accept();
  return accept({ type: 'FileMoved', data: { file: command.file, from, to } });
}

function deleteFile(command: Wanted<'deleteFile'>, state: WorkspaceState): WorkspaceDecision {
  const path = state.files.get(command.file);
  if (path !== undefined) return accept({ type: 'FileDeleted', data: { file: command.file, path } });
  return state.deleted.has(command.file) ? accept() : reject('not-found', 'There is no such file in this workspace.');
}

function restoreFile(command: Wanted<'restoreFile'>, state: WorkspaceState): WorkspaceDecision {
  if (state.files.has(command.file)) return accept();
  const path = state.deleted.get(command.file);
  if (path === undefined) return reject('not-found', 'There is no such deleted file.');
  const full = room(state, 1);
  if (full) return full;
  const placed = placeAll(namesIn(state), [command.to ?? path]);
  if (isRefusal(placed)) return placed;
  return accept({ type: 'FileRestored', data: { file: command.file, path: placed[0] ?? path } });
}

function createFolder({ path }: Wanted<'createFolder'>, state: WorkspaceState): WorkspaceDecision {
  const full = room(state, 1);
  if (full) return full;
  const names = namesIn(state);
  const placed = placeFolders(names, [path]);
  if (isRefusal(placed)) return placed;
  const folder = placed[0] ?? path;
  if (isFolder(state, folder)) return reject('path-taken', `There is already a folder "${folder}" here.`);
  return accept({ type: 'FolderCreated', data: { path: folder } });
}

/** Whether there is such a folder, made or by the paths of files. */
export function isFolder(state: Pick<WorkspaceState, 'files' | 'folders'>, path: string): boolean {
  const isBelow = (other: string) => isWithin(other, path);
  return [...state.folders].some(isBelow) || [...state.files.values()].some((file) => file !== path && isBelow(file));
}

function filesBelow(state: WorkspaceState, folder: string): readonly (readonly [FileId, string])[] {
  return [...state.files].filter(([, path]) => path.startsWith(`${folder}/`));
}

function foldersBelow(state: WorkspaceState, folder: string): string[] {
  return [...state.folders].filter((path) => isWithin(path, folder));
}

const below = (path: string, from: string, to: string) => `${to}${path.slice(from.length)}`;

function moveFolder(command: Wanted<'moveFolder'>, state: WorkspaceState): WorkspaceDecision {
  const from = command.from.normalize('NFC');
  if (!isFolder(state, from)) return reject('not-found', `There is no folder "${from}" in this workspace.`);
  const checked = checkPath(command.to);
  if (!checked.ok) return reject('invalid-path', checked.problem);
  const to = checked.path;
  if (to === from) return accept();
  if (to.startsWith(`${from}/`)) return reject('invalid-path', `"${from}" cannot be moved into itself.`);
  const moved = filesBelow(state, from);
  const names = namesIn(state, new Set(moved.map(([file]) => file)), from);
  if (names.hasFolder(to)) return reject('path-taken', `There is already a folder "${to}" here.`);
  const folders = placeFolders(names, [to, ...foldersBelow(state, from).map((path) => below(path, from, to))]);
  if (isRefusal(folders)) return folders;
  const paths = placeAll(
    names,
    moved.map(([, path]) => below(path, from, to)),
  );
  if (isRefusal(paths)) return paths;
  return accept<WorkspaceEvent>(
    { type: 'FolderMoved', data: { from, to } },
    ...moved.map(([file, path], n) => ({ type: 'FileMoved', data: { file, from: path, to: paths[n] ?? '' } }) as const),
  );
}

function deleteFolder(command: Wanted<'deleteFolder'>, state: WorkspaceState): WorkspaceDecision {
  const { deletion } = command;
  const path = command.path.normalize('NFC');
  if (state.deletions.has(deletion)) return accept();
  if (!isFolder(state, path)) return reject('not-found', `There is no folder "${path}" in this workspace.`);
  return accept<WorkspaceEvent>(
    { type: 'FolderDeleted', data: { path, deletion, folders: foldersBelow(state, path) } },
    ...filesBelow(state, path).map(
      ([file, gone]) => ({ type: 'FileDeleted', data: { file, path: gone, deletion } }) as const,
    ),
  );
}

function restoreFolder({ deletion, to }: Wanted<'restoreFolder'>, state: WorkspaceState): WorkspaceDecision {
  const deleted = state.deletions.get(deletion);
  if (!deleted) return reject('not-found', 'There is no such deleted folder.');
  if (deleted.isRestored && deleted.files.size === 0) return accept();
  const checked = checkPath(to ?? deleted.path);
  if (!checked.ok) return reject('invalid-path', checked.problem);
  const path = checked.path;
  const files = [...deleted.files];
  // The folder itself counts, so that one whose files have been restored one by one comes back as well.
  const wanted = deleted.isRestored ? [] : deleted.folders.map((folder) => below(folder, deleted.path, path));
  const fresh = wanted.filter((folder) => !state.folders.has(folder));
  const full = room(state, files.length + fresh.length);
  if (full) return full;
  const names = namesIn(state);
  const folders = placeFolders(names, fresh);
  if (isRefusal(folders)) return folders;
  const paths = placeAll(
    names,
    files.map((file) => below(state.deleted.get(file) ?? deleted.path, deleted.path, path)),
  );
  if (isRefusal(paths)) return paths;
  return accept<WorkspaceEvent>(
    { type: 'FolderRestored', data: { path, deletion, folders } },
    ...files.map((file, n) => ({ type: 'FileRestored', data: { file, path: paths[n] ?? '' } }) as const),
  );
}

function decide(command: WorkspaceCommand, state: WorkspaceState): WorkspaceDecision {
  if (command.kind === 'open') return open(command, state);
  if (command.kind === 'openCopy') return openCopy(command, state);
  if (!state.exists) return reject('not-found', 'There is no such workspace.');
  switch (command.kind) {
    case 'handIn':
      return handIn(command);
    case 'createFile':
      return addFiles({ files: [command], folders: [] }, state);
    case 'addFiles':
      return addFiles(command, state);
    case 'moveFile':
      return moveFile(command, state);
    case 'deleteFile':
      return deleteFile(command, state);
    case 'restoreFile':
      return restoreFile(command, state);
    case 'createFolder':
      return createFolder(command, state);
    case 'moveFolder':
      return moveFolder(command, state);
    case 'deleteFolder':
      return deleteFolder(command, state);
    case 'restoreFolder':
      return restoreFolder(command, state);
  }
}

function evolve(state: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event.type) {
    case 'WorkspaceOpened':
      return { ...state, exists: true };
    case 'WorkspaceCopied':
    case 'WorkHandedIn':
      return state;
    case 'FileCreated': {
      const { file, path, kind } = event.data;
      const binary = kind === 'binary' ? new Set(state.binary).add(file) : state.binary;
      return { ...withFile(state, file, path), binary };
    }
    case 'FileMoved':
      return withFile(state, event.data.file, event.data.to);
    case 'FileRestored':
      return withFile(state, event.data.file, event.data.path);
    case 'FileDeleted':
      return withoutFile(state, event.data);
    case 'FolderCreated':
      return { ...state, folders: new Set(state.folders).add(event.data.path) };
    case 'FolderMoved': {
      const { from, to } = event.data;
      const folders = [...state.folders].map((path) => (isWithin(path, from) ? below(path, from, to) : path));
      return { ...state, folders: new Set(folders) };
    }
    case 'FolderDeleted': {
      const { path, deletion, folders } = event.data;
      const gone = new Set(folders);
      const entry: FolderDeletion = { path, folders, files: new Set(), isRestored: false };
      return {
        ...state,
        folders: new Set([...state.folders].filter((folder) => !gone.has(folder))),
        deletions: new Map(state.deletions).set(deletion, entry),
      };
    }
    case 'FolderRestored': {
      const { deletion, folders } = event.data;
      const entry = state.deletions.get(deletion);
      const deletions = entry
        ? new Map(state.deletions).set(deletion, { ...entry, isRestored: true })
        : state.deletions;
      return { ...state, folders: new Set([...state.folders, ...folders]), deletions };
    }
  }
}

function withoutFile(state: WorkspaceState, { file, path, deletion }: FileDeleted['data']): WorkspaceState {
  const files = new Map(state.files);
  files.delete(file);
  const entry = deletion === undefined ? undefined : state.deletions.get(deletion);
  const deletions =
    deletion !== undefined && entry
      ? new Map(state.deletions).set(deletion, { ...entry, files: new Set(entry.files).add(file) })
      : state.deletions;
  return { ...state, files, deleted: new Map(state.deleted).set(file, path), deletions };
}

function withFile(state: WorkspaceState, file: FileId, path: string): WorkspaceState {
  const files = new Map(state.files).set(file, path);
  if (!state.deleted.has(file)) return { ...state, files };
  const deleted = new Map(state.deleted);
  deleted.delete(file);
  return { ...state, files, deleted, deletions: withoutEntry(state.deletions, file) };
}

/** A file that is back does not come back with its folder any more. */
function withoutEntry(deletions: WorkspaceState['deletions'], file: FileId): WorkspaceState['deletions'] {
  for (const [deletion, entry] of deletions)
    if (entry.files.has(file)) {
      const files = new Set(entry.files);
      files.delete(file);
      return new Map(deletions).set(deletion, { ...entry, files });
    }
  return deletions;
}

/** Stream `workspace-<id>`: the tree of one workspace, with unique and safe paths. */
export const workspaceDecider: Decider<WorkspaceState, WorkspaceCommand, WorkspaceEvent> = {
  initial: {
    exists: false,
    files: new Map(),
    folders: new Set(),
    deleted: new Map(),
    binary: new Set(),
    deletions: new Map(),
  },
  evolve,
  decide,
};
