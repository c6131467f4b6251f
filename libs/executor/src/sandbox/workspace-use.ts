/**
 * How much a program's workspace holds, measured while the program runs and does its best to hide it.
 *
 * Theory of operation. Folders are opened one below the other, each with O_NOFOLLOW through the descriptor of the one above
 * (/proc/self/fd/N/name), so no symbolic link and no race leads out of the workspace, and no path is too long. What has no
 * name any more but is still open or mapped is found through the descriptors and mappings of the run's processes. A file
 * counts for its length or the space that it has on disk, whichever is less: a sparse file is small, a short one not a block.
 *
 * The walk ends as soon as a limit is passed, and lets other work go first every few milliseconds.
 *
 * What this cannot see is a file that is on its way through a socket (SCM_RIGHTS); the kernel bounds those by the number of
 * descriptors. And it looks every 200 ms: see docs/decisions/0012 for what can be written in between.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { hasCode } from './fault-code.js';
import { WORKSPACE_DEPTH, type RunLimits } from './limits.js';

/** A limit that has been passed. */
export interface WorkspaceExcess {
  readonly limit: 'bytes' | 'entries' | 'depth';
  readonly most: number;
}

type WorkspaceLimits = Pick<RunLimits, 'workspaceBytes' | 'workspaceEntries' | 'fileBytes'>;

/** O_PATH of open(2), which Node does not name: a handle to what is there, whatever its permissions. */
const O_PATH = 0o10000000;
/** Milliseconds of looking before other work has its turn. */
const SLICE_MS = 4;

/** The first limit that is passed, or undefined. `processes` are the run's. Never rejects. */
export async function workspaceExcess(
  workspace: string,
  processes: readonly number[],
  limits: WorkspaceLimits,
): Promise<WorkspaceExcess | undefined> {
  const walk = new WorkspaceWalk(limits);
  try {
    return (await walk.folder(workspace, 0)) ?? (await walk.processes(processes));
  } catch (error) {
    // The workspace is gone, or its folders change faster than they can be opened: the next look will tell.
    if (!hasCode(error, 'ENOENT')) console.error('workspace:', error);
    return undefined;
  }
}

class WorkspaceWalk {
  readonly #limits: WorkspaceLimits;
  /** Files that have been counted and may be met again: under another name, or by a process. */
  readonly #counted = new Set<string>();
  #device = 0;
  #bytes = 0;
  #entries = 0;
  #sliceEnd = performance.now() + SLICE_MS;

  constructor(limits: WorkspaceLimits) {
    this.#limits = limits;
  }

  async folder(path: string | Buffer, depth: number): Promise<WorkspaceExcess | undefined> {
    if (depth > WORKSPACE_DEPTH) return { limit: 'depth', most: WORKSPACE_DEPTH };
    const folder = openFolder(path);
    if (folder === undefined) return undefined;
    try {
      if (depth === 0) this.#device = fstatSync(folder.fd).dev;
      const prefix = Buffer.from(`/proc/self/fd/${folder.fd}/`);
      for (const entry of entriesOf(prefix)) {
        const excess = await this.#entry(Buffer.concat([prefix, entry.name]), entry, depth);
        if (excess !== undefined) return excess;
      }
      return undefined;
    } finally {
      folder.close();
    }
  }

  async processes(pids: readonly number[]): Promise<WorkspaceExcess | undefined> {
    for (const pid of pids) {
      for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
        const stats = attempt(() => statSync(`/proc/${pid}/fd/${fd}`));
        if (stats?.nlink === 0 && stats.dev === this.#device && stats.isFile()) this.#count(stats);
      }
      this.#countMapped(pid);
      await this.#breathe();
    }
    return this.#excess();
  }

  async #entry(path: Buffer, entry: Dirent<Buffer>, depth: number): Promise<WorkspaceExcess | undefined> {
    this.#entries += 1;
    if (entry.isFile()) {
      const stats = attempt(() => lstatSync(path));
      if (stats !== undefined) this.#count(stats);
    }
    const excess = this.#excess();
    if (excess !== undefined) return excess;
    await this.#breathe();
    return entry.isDirectory() ? this.folder(path, depth + 1) : undefined;
  }

  #count(stats: Stats): void {
    const id = String(stats.ino);
    if (stats.nlink !== 1) {
      if (this.#counted.has(id)) return;
      this.#counted.add(id);
    }
    this.#bytes += Math.min(stats.size, stats.blocks * 512);
  }

  /** Deleted files that are only mapped. Their length cannot be known: each counts as the largest that there may be. */
  #countMapped(pid: number): void {
    const maps = attempt(() => readFileSync(`/proc/${pid}/maps`, 'latin1')) ?? '';
    for (const [, major = '', minor = '', inode = ''] of maps.matchAll(
      /^\S+ \S+ \S+ (\w+):(\w+) (\d+) .* \(deleted\)$/gm,
    )) {
      if (deviceNumber(parseInt(major, 16), parseInt(minor, 16)) !== this.#device || this.#counted.has(inode)) continue;
      this.#counted.add(inode);
      this.#bytes += this.#limits.fileBytes;
    }
  }

  #excess(): WorkspaceExcess | undefined {
    const { workspaceBytes, workspaceEntries } = this.#limits;
    if (this.#entries > workspaceEntries) return { limit: 'entries', most: workspaceEntries };
    if (this.#bytes > workspaceBytes) return { limit: 'bytes', most: workspaceBytes };
    return undefined;
  }

  async #breathe(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return;
    await breathe();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }
}

interface OpenFolder {
  readonly fd: number;
  close(): void;
}

/** Undefined for one that is gone, or no folder any more. */
function openFolder(path: string | Buffer): OpenFolder | undefined {
  const handle = attempt(() => openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  if (handle === undefined) return undefined;
  try {
    const mode = fstatSync(handle).mode & 0o7777;
    return unlocked(`/proc/self/fd/${handle}`, mode);
  } finally {
    closeSync(handle);
  }
}

/**
 * `itself` leads to the folder by a handle. A folder whose owner took permissions away gets them back for as long as it is
 * looked into: a lock must not hide what is behind it.
 */
function unlocked(itself: string, mode: number): OpenFolder | undefined {
  const locked = (mode & 0o500) !== 0o500;
  return attempt(() => {
    if (locked) chmodSync(itself, mode | 0o700);
    const fd = openSync(`${itself}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
    const lock = () => locked && attempt(() => fchmodSync(fd, mode));
    return { fd, close: () => (lock(), closeSync(fd)) };
  });
}

/** Names are bytes: one that is no UTF-8 would not be found again by its text. */
function entriesOf(folder: Buffer): readonly Dirent<Buffer>[] {
  return attempt(() => readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) ?? [];
}

/** As stat(2) gives it: the lower 8 bits of the minor number, 12 of the major one, then the rest of the minor one. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

/** Files go while they are looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
