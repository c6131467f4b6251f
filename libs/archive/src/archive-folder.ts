/** A folder with an archive: who may write to it, and its table of contents. */
import { mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveFault } from './archive-fault.js';
import { formatManifest, parseManifest, type Manifest } from './manifest.js';
import { PARTIAL, sync } from './segment.js';

const MANIFEST = 'archive.json';
const LOCK = 'archive.lock';
/** What vouches for the events, written beside the archive (libs/evidence), and what checks it. */
const EVIDENCE = ['evidence.json', 'verifier.py'];

/** Throws ArchiveFault `archive-missing`, `archive-damaged` or `archive-too-new`. */
export async function readManifest(folder: string): Promise<Manifest> {
  const found = await findManifest(folder);
  if (found) return found;
  throw new ArchiveFault(
    'archive-missing',
    `There is no archive in ${folder}: archive.json is missing. Name the folder that "archive export" wrote to.`,
  );
}

export async function findManifest(folder: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ArchiveFault('archive-missing', `${join(folder, MANIFEST)} cannot be read (${code ?? String(error)}).`);
  }
  return parseManifest(text, folder);
}

/** In place of the old one, at once or not at all. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const next = join(folder, `${MANIFEST}${PARTIAL}`);
  await writeFile(next, formatManifest(manifest), { mode: 0o600 });
  await sync(next);
  await rename(next, join(folder, MANIFEST));
  await sync(folder);
}

/** Files that are neither part of the archive nor left over from an interrupted export. */
export async function strangers(folder: string, manifest: Manifest): Promise<string[]> {
  const own = new Set([MANIFEST, LOCK, ...EVIDENCE, ...manifest.segments.map(({ file }) => file)]);
  return (await readdir(folder)).filter((file) => !own.has(file) && !file.endsWith(PARTIAL)).sort();
}

/**
 * Makes the folder if need be and keeps other exports out of it. Returns what lets them in again.
 * Throws ArchiveFault `folder-not-writable`, `folder-not-empty` or `archive-in-use`.
 */
export async function openFolder(folder: string): Promise<() => Promise<void>> {
  const lock = join(folder, LOCK);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const files = await readdir(folder);
    const foreign = files.filter((file) => file !== LOCK && !file.endsWith(PARTIAL));
    if (foreign.length > 0 && !files.includes(MANIFEST))
      throw new ArchiveFault(
        'folder-not-empty',
        `${folder} holds other files (${foreign.slice(0, 3).join(', ')}) and no archive: name an empty folder or a new one.`,
      );
    await takeLock(lock, folder);
    for (const file of files) if (file.endsWith(PARTIAL)) await rm(join(folder, file), { force: true });
  } catch (error) {
    if (error instanceof ArchiveFault) throw error;
    throw notWritable(folder, error);
  }
  return () => unlink(lock).catch(() => undefined);
}

/** The folder cannot be written to, or the disk is full: what a person can do about it. */
export function notWritable(folder: string, cause: unknown): ArchiveFault {
  const { code } = cause as { readonly code?: string };
  const what =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? `The disk that holds ${folder} is full: free some space and repeat the command, it goes on where it stopped.`
      : `${folder} cannot be written to (${code ?? String(cause)}): name another folder, or change its owner.`;
  return new ArchiveFault('folder-not-writable', what, { cause });
}

async function takeLock(lock: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (isAlive(owner))
      throw new ArchiveFault(
        'archive-in-use',
        `Process ${owner} is writing to the archive in ${folder}: wait until it has ended. If it is no export, remove ${lock}.`,
      );
    await rm(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { readonly code?: string }).code === 'EPERM';
  }
}
