/**
 * What happens to a copy of published files, in the stream of its own workspace: what it was copied from, and what of it was
 * handed in. Theory of operation in course-item.ts.
 */
import { accept, reject, type Decision } from './decider.js';
import type { FileKind } from './file.js';
import type { FileId, ItemId, UserId, WorkspaceId } from './identifiers.js';

/** Recorded in one append with the opening and the files, so that a copy is there as a whole or not at all. */
export interface WorkspaceCopied {
  readonly type: 'WorkspaceCopied';
  readonly data: {
    readonly from: WorkspaceId;
    /** Revision of that workspace's stream at which its tree was read. */
    readonly revision: string;
    /** The item of the course that it is a copy of, if it is. */
    readonly item?: ItemId;
    /** For each file here which one it was, at which revision; null: before its first content. */
    readonly files: readonly { readonly file: FileId; readonly from: FileId; readonly revision: string | null }[];
  };
}

/** A file as it was when it was handed in. */
export interface HandedInFile {
  readonly file: FileId;
  readonly path: string;
  readonly kind: FileKind;
  /** Of the file's stream; null: it was empty and had none. */
  readonly revision: string | null;
  /** SHA-256 of its bytes, text as UTF-8; 64 hexadecimal digits in lower case. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface WorkHandedIn {
  readonly type: 'WorkHandedIn';
  readonly data: {
    readonly item: ItemId;
    readonly by: UserId;
    /** The server's clock, milliseconds since 1970: this decides. */
    readonly at: number;
    readonly late: boolean;
    /** The due time or end in force for whose work it is, extensions counted; null: there was none. */
    readonly deadline: number | null;
    /** SHA-256 over `digestText` of the files; 64 hexadecimal digits in lower case. */
    readonly digest: string;
    readonly files: readonly HandedInFile[];
  };
}

export type WorkEvent = WorkspaceCopied | WorkHandedIn;

export interface CopiedFile {
  readonly file: FileId;
  readonly path: string;
  readonly kind: FileKind;
  readonly from: FileId;
  readonly revision: string | null;
}

/**
 * What the digest of a receipt is the hash of: a line for each file, in the order of their paths by code units, of its hash,
 * two spaces, its path as JSON text, and a line feed. So the digest can be computed again from the files alone.
 */
export function digestText(files: readonly Pick<HandedInFile, 'path' | 'sha256'>[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return sorted.map(({ path, sha256 }) => `${sha256}  ${JSON.stringify(path)}\n`).join('');
}

/** Whether work in this state may be handed in at `at`, and the event. `lock`: from when on nothing is taken; null: never. */
export function handIn(command: WorkHandedIn['data'] & { readonly lock: number | null }): Decision<WorkHandedIn> {
  const { lock, files, item, by, at, late, deadline, digest } = command;
  if (lock !== null && at >= lock) return reject('locked', 'The time is over: nothing is taken any more.');
  if (files.length === 0) return reject('invalid-value', 'There is nothing to hand in: the workspace has no files.');
  return accept({ type: 'WorkHandedIn', data: { item, by, at, late, deadline, digest, files } });
}
