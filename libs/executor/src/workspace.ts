import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@palimpsest/blobs';
import type { RecordedDocuments } from '@palimpsest/documents';
import {
  CONTENT_STORED,
  type ContentStored,
  type FileId,
  readEvent,
  type RunFile,
  staysInside,
  streamOf,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';

/** A workspace that cannot be laid out as it was recorded. */
export class WorkspaceFault extends Error {
  readonly code = 'workspace';
  constructor(message: string) {
    super(message);
    this.name = 'WorkspaceFault';
  }
}

/** What a file holds at a revision: text as its bytes in UTF-8, or the bytes of a binary file. */
export interface FileContents {
  at(file: RunFile): Promise<Uint8Array>;
}

/** Contents as the log recorded them. Throws what the store throws, RevisionMissing, and WorkspaceFault for a lost blob. */
export class RecordedContents implements FileContents {
  readonly #store: EventStore;
  readonly #documents: RecordedDocuments;
  readonly #blobs: Pick<BlobStore, 'get'>;

  constructor(store: EventStore, documents: RecordedDocuments, blobs: Pick<BlobStore, 'get'>) {
    this.#store = store;
    this.#documents = documents;
    this.#blobs = blobs;
  }

  async at({ file, path, revision }: RunFile): Promise<Uint8Array> {
    if (revision === null) return new Uint8Array();
    const stored = await this.#storedAt(file, BigInt(revision));
    if (!stored) return Buffer.from(await this.#documents.textAt(file, BigInt(revision)), 'utf8');
    const blob = await this.#blobs.get(stored.sha256);
    if (!blob) throw new WorkspaceFault(`The content of "${path}" is not there (${stored.sha256}): restore the blobs.`);
    return blob.bytes;
  }

  /** A binary file holds nothing but ContentStored, so one event tells. */
  async #storedAt(file: FileId, revision: bigint): Promise<ContentStored['data'] | undefined> {
    for await (const recorded of this.#store.readStream(streamOf.file(file), { from: revision, limit: 1 })) {
      if (recorded.type !== CONTENT_STORED) return undefined;
      return (readEvent(recorded) as ContentStored).data;
    }
    return undefined;
  }
}

/** Bytes of contents that are remembered. */
const REMEMBERED_BYTES = 32 * 1024 * 1024;

/**
 * Contents that were asked for lately, with what they are. A file at a revision never changes, so that of a workspace which
 * is run again and again only what was edited since is read. Memory: 32 MiB, the files that were not asked for longest go first.
 */
export class RememberedContents implements FileContents {
  readonly #contents: FileContents;
  readonly #most: number;
  readonly #remembered = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(contents: FileContents, most = REMEMBERED_BYTES) {
    this.#contents = contents;
    this.#most = most;
  }

  /** The bytes are shared: not to be changed. */
  async at(file: RunFile): Promise<Uint8Array> {
    const key = `${file.file} ${file.revision}`;
    const bytes = this.#remembered.get(key) ?? (await this.#contents.at(file));
    this.#forget(key);
    this.#remembered.set(key, bytes);
    this.#bytes += bytes.byteLength;
    for (const oldest of this.#remembered.keys()) {
      if (this.#bytes <= this.#most) break;
      this.#forget(oldest);
    }
    return bytes;
  }

  #forget(key: string): void {
    this.#bytes -= this.#remembered.get(key)?.byteLength ?? 0;
    this.#remembered.delete(key);
  }
}

/** Files that are read and written at the same time. */
const AT_ONCE = 8;

/**
 * Writes the folders and files of a run below `folder`, which is new and empty, so that there is nothing to be followed out of it.
 * `made` is told each path that was made, parents first. Throws WorkspaceFault for a path that leaves it.
 */
export async function layOutWorkspace(
  contents: FileContents,
  folder: string,
  { files, folders: empty = [] }: { readonly files: readonly RunFile[]; readonly folders?: readonly string[] },
  made: (path: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const folders = new Set([folder]);
  const paths: string[] = [];
  for (const path of empty) {
    if (!staysInside(path)) throw new WorkspaceFault(`"${path}" cannot be laid out: it leaves the workspace.`);
    await makeParents(folder, `${path}/`, folders, made);
  }
  for (const file of files) {
    if (!staysInside(file.path))
      throw new WorkspaceFault(`"${file.path}" cannot be laid out: it leaves the workspace.`);
    paths.push(join(folder, file.path));
    await makeParents(folder, file.path, folders, made);
  }
  for (let at = 0; at < files.length; at += AT_ONCE)
    await allSettled(
      files.slice(at, at + AT_ONCE).map(async (file, n) => {
        const path = paths[at + n] as string;
        await writeFile(path, await contents.at(file), { flag: 'wx', mode: 0o644 });
        await made(path);
      }),
    );
}

/** Rejects when all have ended: whoever is told may remove the folder, and nobody writes there any more. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

async function makeParents(
  root: string,
  path: string,
  known: Set<string>,
  made: (path: string) => Promise<void>,
): Promise<void> {
  const parts = path.split('/').slice(0, -1);
  let folder = root;
  for (const part of parts) {
    folder = join(folder, part);
    if (known.has(folder)) continue;
    known.add(folder);
    await mkdir(folder, { mode: 0o755 });
    await made(folder);
  }
}
