/**
 * Theory of operation. A store that is imported into is either empty or holds exactly a beginning of the archive: what an
 * interrupted import, or an import of the same archive when it was shorter, has left. So the events of the store are
 * compared with those of the archive, one by one, until the store has no more; then the rest is written, in the order of
 * the old log. The result is the same whether it was one import or many.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BlobStore } from '@palimpsest/blobs';
import type { EventStore, ImportedEvent, RecordedEvent, StreamState } from '@palimpsest/event-store';
import { ArchiveFault } from './archive-fault.js';
import { readManifest } from './archive-folder.js';
import type { Manifest } from './manifest.js';
import { REPORT_EVERY, type OnProgress } from './progress.js';
import { records } from './read-archive.js';
import { decodeBlob, decodeEvent, decodeState, type ArchivedEvent } from './record-line.js';

export interface ImportOptions {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly folder: string;
  readonly onProgress?: OnProgress;
  /** Ends the import after the write under way; the next one goes on. */
  readonly signal?: AbortSignal;
}

export interface ImportResult {
  /** Written by this call. */
  readonly events: number;
  /** That the store had already. */
  readonly known: number;
  readonly blobs: number;
  /** False if the signal ended it. */
  readonly complete: boolean;
}

/** Events, or bytes of them, that are handed to the store at once. */
const MAX_BATCH = 1000;
const MAX_BATCH_BYTES = 1_000_000;

/**
 * Writes the archive in `folder` into the store. Throws ArchiveFault (`store-differs`, `store-ahead`, `archive-damaged`, …)
 * and the faults of the event store; it may be repeated after any of them.
 */
export async function importArchive(options: ImportOptions): Promise<ImportResult> {
  const manifest = await readManifest(options.folder);
  const events = records(options.folder, manifest, 'events', decodeEvent);
  try {
    const known = await compare(options, manifest, events);
    const written = await writeEvents(options, manifest, events, known);
    const blobs = options.signal?.aborted ? 0 : await writeBlobs(options, manifest);
    if (!options.signal?.aborted) await restoreStates(options, manifest);
    return { events: written, known, blobs, complete: options.signal?.aborted !== true };
  } finally {
    await events.return(undefined);
  }
}

/** Takes from the archive what the store has. Returns how much that is. */
async function compare(
  { store, onProgress, signal }: ImportOptions,
  manifest: Manifest,
  archived: AsyncIterator<ArchivedEvent>,
): Promise<number> {
  let known = 0;
  for await (const event of store.readAll()) {
    if (signal?.aborted) return known;
    const next = await archived.next();
    if (next.done === true)
      throw new ArchiveFault(
        'store-ahead',
        `The event store holds all ${known} events of the archive and more that came later: there is nothing to import.`,
      );
    if (!isSame(event, next.value.event)) throw differs(known, event, next.value.event);
    if (++known % REPORT_EVERY === 0)
      onProgress?.({ phase: 'comparing', done: known, share: known / Math.max(1, manifest.events) });
  }
  return known;
}

function isSame(a: RecordedEvent, b: ImportedEvent): boolean {
  return a.id === b.id && a.stream === b.stream && a.revision === b.revision && a.type === b.type;
}

function differs(place: number, found: RecordedEvent, archived: ImportedEvent): ArchiveFault {
  return new ArchiveFault(
    'store-differs',
    `The event store is not empty and holds other events than the archive: event ${place + 1} is ${found.type} of "${found.stream}" ` +
      `there and ${archived.type} of "${archived.stream}" in the archive. Nothing was written. Import into an empty store.`,
  );
}

async function writeEvents(
  { store, onProgress, signal }: ImportOptions,
  manifest: Manifest,
  archived: AsyncIterable<ArchivedEvent>,
  known: number,
): Promise<number> {
  let batch: ImportedEvent[] = [];
  let bytes = 0;
  let written = 0;
  const flush = async () => {
    if (batch.length > 0) await store.importEvents(batch);
    written += batch.length;
    [batch, bytes] = [[], 0];
    onProgress?.({ phase: 'events', done: written, share: (known + written) / Math.max(1, manifest.events) });
  };
  if (signal?.aborted) return written;
  for await (const { event } of archived) {
    const size = event.data.byteLength + (event.metadata?.byteLength ?? 0);
    if (batch.length === MAX_BATCH || bytes + size > MAX_BATCH_BYTES) await flush();
    if (signal?.aborted) return written;
    batch.push(event);
    bytes += size;
  }
  await flush();
  return written;
}

async function writeBlobs({ blobs, folder, onProgress, signal }: ImportOptions, manifest: Manifest): Promise<number> {
  let done = 0;
  for await (const { sha256, bytes, mediaType } of records(folder, manifest, 'blobs', decodeBlob)) {
    if (signal?.aborted) break;
    const kept = await blobs.put(bytes, mediaType);
    if (kept !== sha256)
      throw new ArchiveFault('archive-damaged', `The archive says that blob ${kept} has the hash ${sha256}.`);
    done++;
    onProgress?.({ phase: 'blobs', done, share: done / manifest.blobs });
  }
  return done;
}

async function restoreStates({ store, folder, onProgress }: ImportOptions, manifest: Manifest): Promise<void> {
  let done = 0;
  for await (const state of records(folder, manifest, 'streams', decodeState)) {
    await restoreState(store, state);
    done++;
    onProgress?.({ phase: 'streams', done, share: undefined });
  }
}

/** Metadata before the deletion: in KurrentDB metadata that is set later would revive the stream. */
async function restoreState(store: EventStore, { stream, deleted, tombstoned, metadata }: StreamState): Promise<void> {
  const now = await store.streamInfo(stream);
  if (now.tombstoned || (deleted && now.deleted)) return;
  if (!isDeepStrictEqual(plain(now.metadata), plain(metadata))) await store.setStreamMetadata(stream, metadata, 'any');
  if (deleted) await store.delete(stream, 'any');
  if (tombstoned) await store.tombstone(stream, 'any');
}

function plain(metadata: StreamState['metadata']): unknown {
  return JSON.parse(
    JSON.stringify(metadata, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  );
}
