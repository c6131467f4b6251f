import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, FileId, ItemId, UserId, WorkspaceId } from './identifiers.js';
import type { FileKind } from './file.js';
import { checkPath, pathKey } from './path.js';
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
  /** Without `kind` it is a text file. */
  readonly data: { readonly file: FileId; readonly path: string; readonly kind?: 'binary' };
}
export interface FileMoved {
  readonly type: 'FileMoved';
  readonly data: { readonly file: FileId; readonly from: string; readonly to: string };
}
/** The file leaves the tree; its stream, and so its history, stays. */
export interface FileDeleted {
  readonly type: 'FileDeleted';
  readonly data: { readonly file: FileId; readonly path: string };
}
export interface FileRestored {
  readonly type: 'FileRestored';
  readonly data: { readonly file: FileId; readonly path: string };
}
export type WorkspaceEvent = WorkspaceOpened | FileCreated | FileMoved | FileDeleted | FileRestored | WorkEvent;

export type WorkspaceCommand =
  | ({ readonly kind: 'open' } & { readonly workspace: WorkspaceOpened['data'] })
  | {
      readonly kind: 'openCopy';
      readonly workspace: WorkspaceOpened['data'];
      readonly from: WorkspaceId;
      readonly revision: string;
      readonly files: readonly CopiedFile[];
    }
  | ({ readonly kind: 'handIn' } & Parameters<typeof handIn>[0])
  | { readonly kind: 'createFile'; readonly file: FileId; readonly path: string; readonly holds?: FileKind }
  | { readonly kind: 'moveFile'; readonly file: FileId; readonly to: string }
  | { readonly kind: 'deleteFile'; readonly file: FileId }
  | { readonly kind: 'restoreFile'; readonly file: FileId };

export interface WorkspaceState {
  readonly exists: boolean;
  /** Live files by id. */
  readonly files: ReadonlyMap<FileId, string>;
  /** Last paths of the deleted ones. */
  readonly deleted: ReadonlyMap<FileId, string>;
  /** Which of both are binary. */
  readonly binary: ReadonlySet<FileId>;
}

/** Entries of one workspace: bounds the tree in the interface, the run's request and the time to lay out a run. */
export const MAX_FILES = 500;

type WorkspaceDecision = Decision<WorkspaceEvent>;

/** The path as it will be stored, or the refusal. */
function freePath(text: string, state: WorkspaceState, except?: FileId): { path: string } | WorkspaceDecision {
  const checked = checkPath(text);
  if (!checked.ok) return reject('invalid-path', checked.problem);
  const key = pathKey(checked.path);
  for (const [file, path] of state.files) {
    if (file === except) continue;
    const taken = pathKey(path);
    if (taken === key) return reject('path-taken', `There is already a file "${path}" here.`);
    if (taken.startsWith(`${key}/`)) return reject('path-taken', `"${checked.path}" is a folder here.`);
    if (key.startsWith(`${taken}/`)) return reject('path-taken', `"${path}" is a file, so it cannot hold others.`);
  }
  return { path: checked.path };
}

function open(command: Extract<WorkspaceCommand, { kind: 'open' }>, state: WorkspaceState): WorkspaceDecision {
  if (state.exists) return reject('already-exists', 'This workspace exists already.');
  const name = command.workspace.name.trim();
  if (name === '' || name.length > 120)
    return reject('invalid-value', 'The name of a workspace has 1 to 120 characters.');
  return accept({ type: 'WorkspaceOpened', data: { ...command.workspace, name } });
}

/** A new workspace with these files, all in one append. */
function openCopy(command: Extract<WorkspaceCommand, { kind: 'openCopy' }>, state: WorkspaceState): WorkspaceDecision {
  const { workspace, from, revision, files } = command;
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
  const events: WorkspaceEvent[] = [...opened.events, copied];
  let reached = events.reduce(evolve, state);
  for (const { file, path, kind } of files) {
    const made = createFile({ kind: 'createFile', file, path, holds: kind }, reached);
    if (!made.accepted) return made;
    events.push(...made.events);
    reached = made.events.reduce(evolve, reached);
  }
  return accept(...events);
}

function createFile(command: Extract<WorkspaceCommand, { kind: 'createFile' }>, state: WorkspaceState) {
  if (state.files.has(command.file) || state.deleted.has(command.file))
    return reject<WorkspaceEvent>('already-exists', 'This file exists already.');
  if (state.files.size >= MAX_FILES)
    return reject<WorkspaceEvent>('too-large', `A workspace holds at most ${MAX_FILES} files: delete some first.`);
  const free = freePath(command.path, state);
  if (!('path' in free)) return free;
  const data = { file: command.file, path: free.path, ...(command.holds === 'binary' && { kind: 'binary' as const }) };
  return accept<WorkspaceEvent>({ type: 'FileCreated', data });
}

function moveFile(command: Extract<WorkspaceCommand, { kind: 'moveFile' }>, state: WorkspaceState): WorkspaceDecision {
  const from = state.files.get(command.file);
  if (from === undefined) return reject('not-found', 'This file is not in the workspace any more.');
  const free = freePath(command.to, state, command.file);
  if (!('path' in free)) return free;
  if (free.path === from) return accept();
  return accept({ type: 'FileMoved', data: { file: command.file, from, to: free.path } });
}

function deleteFile(command: Extract<WorkspaceCommand, { kind: 'deleteFile' }>, state: WorkspaceState) {
  const path = state.files.get(command.file);
  if (path !== undefined) return accept<WorkspaceEvent>({ type: 'FileDeleted', data: { file: command.file, path } });
  return state.deleted.has(command.file)
    ? accept<WorkspaceEvent>()
    : reject<WorkspaceEvent>('not-found', 'There is no such file in this workspace.');
}

function restoreFile(command: Extract<WorkspaceCommand, { kind: 'restoreFile' }>, state: WorkspaceState) {
  if (state.files.has(command.file)) return accept<WorkspaceEvent>();
  const path = state.deleted.get(command.file);
  if (path === undefined) return reject<WorkspaceEvent>('not-found', 'There is no such deleted file.');
  const free = freePath(path, state);
  if (!('path' in free)) return free;
  return accept<WorkspaceEvent>({ type: 'FileRestored', data: { file: command.file, path: free.path } });
}

function decide(command: WorkspaceCommand, state: WorkspaceState): WorkspaceDecision {
  if (command.kind === 'open') return open(command, state);
  if (command.kind === 'openCopy') return openCopy(command, state);
  if (!state.exists) return reject('not-found', 'There is no such workspace.');
  switch (command.kind) {
    case 'handIn':
      return handIn(command);
    case 'createFile':
      return createFile(command, state);
    case 'moveFile':
      return moveFile(command, state);
    case 'deleteFile':
      return deleteFile(command, state);
    case 'restoreFile':
      return restoreFile(command, state);
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
    case 'FileDeleted': {
      const files = new Map(state.files);
      files.delete(event.data.file);
      return { ...state, files, deleted: new Map(state.deleted).set(event.data.file, event.data.path) };
    }
  }
}

function withFile(state: WorkspaceState, file: FileId, path: string): WorkspaceState {
  const deleted = new Map(state.deleted);
  deleted.delete(file);
  return { ...state, files: new Map(state.files).set(file, path), deleted };
}

/** Stream `workspace-<id>`: the tree of one workspace, with unique and safe paths. */
export const workspaceDecider: Decider<WorkspaceState, WorkspaceCommand, WorkspaceEvent> = {
  initial: { exists: false, files: new Map(), deleted: new Map(), binary: new Set() },
  evolve,
  decide,
};
