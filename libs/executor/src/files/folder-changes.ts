import { checkPath, type CollectedFile, type FileContent, MAX_FILES, type NotKept } from '@palimpsest/domain';
import { MAX_BLOB_BYTES } from '@palimpsest/blobs';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { describeContent } from './content.js';
import { namesIn, openBelow, type Opened, openFolder, openIn, readAll } from './folder-reader.js';

/**
 * What a program did to its workspace: the folder as it is, compared with what is known of it. Theory of operation.
 *
 * First each known file is looked up by its own path: there, changed, gone, or something else by now. Then the folder is
 * walked for what is new. So however many things a program makes, none that it left alone is taken for deleted because
 * the walk had to end.
 *
 * A file that is gone and a new one that is the same inode were one rename. Inodes are used again, so the time of birth
 * must be the same, too. A file is not read again if its times and size are what they were, unless these are so young that
 * a change in the same tick of the clock could not be seen in them.
 */
export interface FolderChanges {
  readonly files: readonly CollectedFile[];
  readonly notKept: readonly NotKept[];
  readonly more: number;
}

export interface ChangesOptions {
  /** Keeps the bytes of a new content; durable when it resolves. */
  keep(bytes: Uint8Array, content: FileContent): Promise<void>;
  /** Nobody writes in the folder any more. Otherwise a file that changes while it is read is left for the next time. */
  readonly settled: boolean;
}

/** Things in one workspace that are looked at; a run's folder with more is a flood, not somebody's work. */
export const MAX_ENTRIES = 5_000;
/** Bytes of new content that one run may leave behind, all times together. */
export const MAX_RUN_BYTES = 50_000_000;
/** Things that were not kept which are named; the others are counted. */
const MAX_NAMED = 50;
/** Characters of the name of something that is not kept. */
const MAX_SHOWN = 200;
/** A file whose last change is younger than this, when it is read, is read again the next time. */
const RACY_NS = 1_000_000_000n;

/** Made by Python and its libraries for their own use, in any folder: not part of anybody's work. */
const IGNORED_FOLDERS: ReadonlySet<string> = new Set(['__pycache__', '.mplcache']);
const IGNORED_FILES = /\.py[co]$/;

/** What is known of one file, by its path in the workspace. */
interface Known {
  /** The same path as it is on the disk, which may be in another normal form. */
  readonly names: readonly Buffer[];
  readonly sha256: string;
  /** Undefined where only its content is known. */
  readonly seen?: Seen;
}

interface Seen {
  readonly inode: string;
  readonly times: string;
  /** Old enough to be believed. */
  readonly isOld: boolean;
}

/** What the walk found: a regular file that is not known. Its handle is closed again. */
interface Found {
  readonly path: string;
  readonly names: readonly Buffer[];
  readonly inode: string;
}

interface Round {
  readonly root: FileHandle;
  readonly options: ChangesOptions;
  readonly files: CollectedFile[];
  readonly notKept: NotKept[];
  more: number;
}

export class FolderWatch {
  readonly #folder: string;
  readonly #known = new Map<string, Known>();
  /** What was told already is not told again. */
  readonly #told = new Set<string>();
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What the folder is known to hold, from elsewhere: by path and hash. For a folder that was left behind. */
  know(path: string, sha256: string): void {
    this.#known.set(path, { names: namesOf(path), sha256 });
  }

  /** Takes these files as they are now for what is known. */
  async begin(paths: readonly string[]): Promise<void> {
    await this.#inFolder(async (root) => {
      for (const path of paths) {
        const found = await openBelow(root, namesOf(path));
        if (found.kind !== 'file') continue;
        const content = await readClosing(found);
        if (content)
          this.#known.set(path, { names: namesOf(path), sha256: describe(content), seen: seenAt(found.stats) });
      }
    });
  }

  /** Compares, keeps what is new, and takes the folder as it is now for what is known. */
  async collect(options: ChangesOptions): Promise<FolderChanges> {
    return this.#inFolder(async (root) => {
      const round: Round = { root, options, files: [], notKept: [], more: 0 };
      const gone: string[] = [];
      for (const [path, known] of this.#known) await this.#lookAt(round, path, known, gone);
      const found = await this.#walk(round, new Set(gone));
      const rest = await this.#moves(round, gone, found);
      for (const file of rest) await this.#create(round, file);
      return { files: inOrder(round.files), notKept: round.notKept, more: round.more };
    });
  }

  async #inFolder<T>(work: (root: FileHandle) => Promise<T>): Promise<T> {
    const root = await openFolder(this.#folder);
    try {
      return await work(root);
    } finally {
      await root.close();
    }
  }

  async #lookAt(round: Round, path: string, known: Known, gone: string[]): Promise<void> {
    const found = await openBelow(round.root, known.names);
    if (found.kind === 'missing') return void gone.push(path);
    if (found.kind === 'file') return this.#compare(round, path, known, found);
    if (found.kind !== 'folder') return this.#tell(round, { path, reason: found.kind });
    await found.handle.close();
    gone.push(path);
  }

  async #compare(round: Round, path: string, known: Known, found: Extract<Opened, { kind: 'file' }>): Promise<void> {
    const now = seenAt(found.stats);
    const { seen } = known;
    if (seen?.isOld && seen.inode === now.inode && seen.times === now.times) return found.handle.close();
    const content = await this.#read(round, path, found, known.sha256);
    if (content === 'unchanged') this.#known.set(path, { ...known, seen: now });
    if (typeof content === 'string') return;
    this.#known.set(path, { names: known.names, sha256: content.sha256, seen: now });
    round.files.push({ path, change: 'changed', content });
  }

  /** Everything below that is not known, and what of it cannot be kept told. */
  async #walk(round: Round, gone: ReadonlySet<string>): Promise<Found[]> {
    const found: Found[] = [];
    const there = [...this.#known].filter(([path]) => !gone.has(path));
    const known = new Set(there.map(([, { names }]) => keyOf(names)));
    let room = MAX_ENTRIES;
    const walk = async (folder: FileHandle, above: readonly Buffer[]): Promise<void> => {
      const { names, more } = await namesIn(folder, room);
      room -= names.length;
      if (more) this.#tell(round, { path: shown(above) || '.', reason: 'too-many' });
      for (const name of names) {
        const path = [...above, name];
        if (known.has(keyOf(path)) || isIgnored(name)) continue;
        await this.#enter(round, folder, path, found, walk);
      }
    };
    await walk(round.root, []);
    return found;
  }

  async #enter(
    round: Round,
    folder: FileHandle,
    names: readonly Buffer[],
    found: Found[],
    walk: (folder: FileHandle, above: readonly Buffer[]) => Promise<void>,
  ): Promise<void> {
    const name = names.at(-1);
    if (!name) return;
    const opened = await openIn(folder, name);
    if (opened.kind === 'missing') return;
    if (opened.kind !== 'file' && opened.kind !== 'folder')
      return this.#tell(round, { path: shown(names), reason: opened.kind });
    try {
      if (opened.kind === 'folder' && isIgnoredFolder(name)) return;
      const checked = checkNames(names);
      if ('detail' in checked) return this.#tell(round, { path: shown(names), reason: 'name', ...checked });
      if (opened.kind === 'folder') await walk(opened.handle, names);
      else found.push({ path: checked.path, names, inode: inodeOf(opened.stats) });
    } finally {
      await opened.handle.close();
    }
  }

  /** Known files that are gone: renamed to one of `found`, or deleted. Returns which of `found` are new. */
  async #moves(round: Round, gone: readonly string[], found: readonly Found[]): Promise<Found[]> {
    const byInode = new Map(found.map((file) => [file.inode, file]));
    const moved = new Set<Found>();
    for (const from of gone) {
      const known = this.#known.get(from);
      const to = known?.seen && byInode.get(known.seen.inode);
      this.#known.delete(from);
      if (!known || !to || moved.has(to)) {
        round.files.push({ path: from, change: 'deleted' });
        continue;
      }
      moved.add(to);
      await this.#move(round, from, known, to);
    }
    return found.filter((file) => !moved.has(file));
  }

  async #move(round: Round, from: string, known: Known, to: Found): Promise<void> {
    const opened = await openBelow(round.root, to.names);
    const content = opened.kind === 'file' ? await this.#read(round, to.path, opened, known.sha256) : 'left';
    if (opened.kind === 'folder') await opened.handle.close();
    const sha256 = typeof content === 'string' ? known.sha256 : content.sha256;
    // What could not be read this time is read the next time: only its old content is known under the new name.
    const seen = opened.kind === 'file' && content !== 'left' ? { seen: seenAt(opened.stats) } : {};
    this.#known.set(to.path, { names: to.names, sha256, ...seen });
    round.files.push({ path: to.path, change: 'moved', from, ...(typeof content !== 'string' && { content }) });
  }

  async #create(round: Round, { path, names }: Found): Promise<void> {
    if (this.#known.has(path))
      return this.#tell(round, {
        path: shown(names),
        reason: 'name',
        detail: 'Another file here has the same name in another spelling of its letters.',
      });
    if (this.#known.size >= MAX_FILES) return this.#tell(round, { path, reason: 'too-many' });
    const opened = await openBelow(round.root, names);
    if (opened.kind === 'folder') await opened.handle.close();
    if (opened.kind !== 'file') return;
    const content = await this.#read(round, path, opened);
    if (typeof content === 'string') return;
    this.#known.set(path, { names, sha256: content.sha256, seen: seenAt(opened.stats) });
    round.files.push({ path, change: 'created', content });
  }

  /** Reads and closes the file, and keeps its content if that is another than `known`. `left`: not this time, or told. */
  async #read(
    round: Round,
    path: string,
    { handle, stats }: Extract<Opened, { kind: 'file' }>,
    known?: string,
  ): Promise<FileContent | 'unchanged' | 'left'> {
    try {
      const bytes = stats.size > MAX_BLOB_BYTES ? undefined : await readAll(handle, MAX_BLOB_BYTES);
      if (!bytes) return this.#leave(round, { path, reason: 'too-large' });
      const after = await handle.stat({ bigint: true });
      if (!round.options.settled && timesOf(after) !== timesOf(stats)) return 'left';
      const content = describeContent(bytes);
      if (content.sha256 === known) return 'unchanged';
      if (this.#bytes + bytes.length > MAX_RUN_BYTES) return this.#leave(round, { path, reason: 'quota' });
      await round.options.keep(bytes, content);
      this.#bytes += bytes.length;
      return content;
    } catch (error) {
      console.error(`a file that a program wrote cannot be kept:`, error);
      return this.#leave(round, { path, reason: 'failed' });
    } finally {
      await handle.close();
    }
  }

  #leave(round: Round, what: NotKept): 'left' {
    this.#tell(round, what);
    return 'left';
  }

  #tell(round: Round, what: NotKept): void {
    const key = `${what.reason} ${what.path}`;
    if (this.#told.has(key)) return;
    // What a flood of names would take of memory is bounded by what is looked at in a round; over rounds it is here.
    if (this.#told.size < MAX_ENTRIES) this.#told.add(key);
    if (round.notKept.length < MAX_NAMED) round.notKept.push(what);
    else round.more += 1;
  }
}

/** Deletions make room for names; then what only moves; then contents. */
const ORDER: readonly CollectedFile['change'][] = ['deleted', 'moved', 'changed', 'created'];

function inOrder(files: readonly CollectedFile[]): CollectedFile[] {
  return ORDER.flatMap((change) => files.filter((file) => file.change === change));
}

function namesOf(path: string): Buffer[] {
  return path.split('/').map((name) => Buffer.from(name));
}

/** A slash is in no name. */
function keyOf(names: readonly Buffer[]): string {
  return names.map((name) => name.toString('latin1')).join('/');
}

function checkNames(names: readonly Buffer[]): { path: string } | { detail: string } {
  let text: string;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    text = names.map((name) => decoder.decode(name)).join('/');
  } catch {
    return { detail: 'The name is not text in UTF-8.' };
  }
  const checked = checkPath(text);
  return checked.ok ? { path: checked.path } : { detail: checked.problem };
}

/** For a person: never longer than a line or two, and without characters that a screen would obey. */
function shown(names: readonly Buffer[]): string {
  const joined = names.map((name) => name.toString('utf8')).join('/');
  // eslint-disable-next-line no-control-regex
  const text = joined.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

function isIgnored(name: Buffer): boolean {
  return IGNORED_FILES.test(name.toString('latin1'));
}

function isIgnoredFolder(name: Buffer): boolean {
  return IGNORED_FOLDERS.has(name.toString('latin1'));
}

function inodeOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function timesOf({ size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${size}:${mtimeNs}:${ctimeNs}`;
}

function seenAt(stats: BigIntStats): Seen {
  const age = BigInt(Date.now()) * 1_000_000n - stats.ctimeNs;
  return { inode: inodeOf(stats), times: timesOf(stats), isOld: age > RACY_NS };
}

async function readClosing({ handle }: Extract<Opened, { kind: 'file' }>): Promise<Buffer | undefined> {
  try {
    return await readAll(handle, MAX_BLOB_BYTES);
  } finally {
    await handle.close();
  }
}

function describe(bytes: Uint8Array): string {
  return describeContent(bytes).sha256;
}
