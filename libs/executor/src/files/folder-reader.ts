/**
 * Reads a folder in which a hostile program may be at work. Theory of operation.
 *
 * A path that was looked at and is opened afterwards may be another one by then: a program that swaps a file and a symbolic
 * link to somebody's secret wins that race sooner or later. So nothing here is ever found by a path of more than one name.
 * Each folder is held open, and what is in it is opened by `/proc/self/fd/<its descriptor>/<one name>` with O_NOFOLLOW: the
 * kernel goes to that very folder, whatever it is called by now, and refuses a link. What has been opened is then asked what
 * it is (fstat): only a regular file with one name is read, and only through that descriptor.
 *
 * Opening is harmless for whatever else it may turn out to be: O_NONBLOCK does not wait for a pipe's other end, a socket
 * cannot be opened, and the program cannot make devices.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';

const { O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** What is found under a name. A handle is the caller's to close. */
export type Opened =
  | { readonly kind: 'file'; readonly handle: FileHandle; readonly stats: BigIntStats }
  | { readonly kind: 'folder'; readonly handle: FileHandle }
  /** A symbolic link, or a file with several names. */
  | { readonly kind: 'link' }
  | { readonly kind: 'special' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'missing' };

/** Opens the folder itself. Throws what the system says. */
export function openFolder(path: string): Promise<FileHandle> {
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/** What is called `name` (one name, as bytes) in the folder. Throws only where the system is out of something. */
export async function openIn(folder: FileHandle, name: Buffer): Promise<Opened> {
  let handle: FileHandle;
  try {
    handle = await open(pathIn(folder, name), FLAGS);
  } catch (error) {
    return unopened(error);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) return { kind: 'folder', handle };
    if (stats.isFile() && stats.nlink === 1n) return { kind: 'file', handle, stats };
    await handle.close();
    // Without any name it was removed a moment ago.
    if (stats.isFile()) return { kind: stats.nlink === 0n ? 'missing' : 'link' };
    return { kind: 'special' };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What is at `names`, one after the other, below the folder. */
export async function openBelow(folder: FileHandle, names: readonly Buffer[]): Promise<Opened> {
  const [name, ...rest] = names;
  if (!name) return { kind: 'missing' };
  const found = await openIn(folder, name);
  if (rest.length === 0) return found;
  if (found.kind !== 'folder' && found.kind !== 'file') return found;
  try {
    // A file where there was a folder: what was in the folder is gone.
    return found.kind === 'folder' ? await openBelow(found.handle, rest) : { kind: 'missing' };
  } finally {
    await found.handle.close();
  }
}

/** The names in a folder, as bytes and in their order; at most `most`, and whether there were more. */
export async function namesIn(folder: FileHandle, most: number): Promise<{ names: Buffer[]; more: boolean }> {
  const names: Buffer[] = [];
  const entries = await opendir(`/proc/self/fd/${folder.fd}`, { encoding: 'buffer' as BufferEncoding });
  try {
    for (;;) {
      const entry = await entries.read();
      if (entry === null) return { names: names.sort(Buffer.compare), more: false };
      if (names.length >= most) return { names: names.sort(Buffer.compare), more: true };
      names.push(entry.name as unknown as Buffer);
    }
  } finally {
    await entries.close();
  }
}

/** All that the file holds, or undefined if that is more than `most` bytes. */
export async function readAll(file: FileHandle, most: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, most + 1 - length));
    const { bytesRead } = await file.read(piece, 0, piece.length, length);
    if (bytesRead === 0) return Buffer.concat(pieces, length);
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
    if (length > most) return undefined;
  }
}

const READ_BYTES = 256 * 1024;

function pathIn(folder: FileHandle, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name]);
}

function unopened(error: unknown): Opened {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'missing' };
    case 'ELOOP':
      return { kind: 'link' };
    case 'ENXIO':
    case 'ENODEV':
      return { kind: 'special' };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'unreadable' };
    default:
      throw error;
  }
}
