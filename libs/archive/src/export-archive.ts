/**
 * Theory of operation. The log is read from the archive's last position on and written into segments. A segment that is full
 * is flushed to the disk, gets its name, and is then entered in archive.json, which is replaced as a whole. So at every
 * moment archive.json names complete files only, and an export that was killed goes on behind the last of them. What was
 * exported is never written again: an export to the same folder later adds what has come since.
 *
 * The states of streams have no order in time: they are written anew by every export, to a file of a new name, and the old
 * one is removed when archive.json no longer names it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@palimpsest/blobs';
import type { EventStore, Position, RecordedEvent } from '@palimpsest/event-store';
import { ArchiveFault } from './archive-fault.js';
import { findManifest, notWritable, openFolder, strangers, writeManifest } from './archive-folder.js';
import { newManifest, type Manifest, type Segment, type SegmentKind } from './manifest.js';
import { REPORT_EVERY, type OnProgress } from './progress.js';
import { decodeBlob, encodeBlob, encodeEvent, encodeState } from './record-line.js';
import { segmentLines, SegmentWriter } from './segment.js';

export interface ExportOptions {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  /** Made if it is not there. */
  readonly folder: string;
  readonly onProgress?: OnProgress;
  /** Ends the export after the segment under way: what is written by then stays, and the next export goes on. */
  readonly signal?: AbortSignal;
}

export interface ExportResult {
  readonly manifest: Manifest;
  /** Added by this call. */
  readonly events: number;
  readonly blobs: number;
  /** False if the signal ended it. */
  readonly complete: boolean;
}

/**
 * Brings the archive in `folder` up to the newest event there was when it began. Throws ArchiveFault, and the faults of the
 * event store; whatever happens, the folder holds a valid archive of a beginning of the log.
 */
export async function exportArchive(options: ExportOptions): Promise<ExportResult> {
  const close = await openFolder(options.folder);
  try {
    return await new Export(options).run();
  } catch (error) {
    throw isOfTheDisk(error) ? notWritable(options.folder, error) : error;
  } finally {
    await close();
  }
}

class Export {
  private manifest: Manifest = newManifest('', new Date());
  private writer: SegmentWriter | undefined;

  constructor(private readonly options: ExportOptions) {}

  async run(): Promise<ExportResult> {
    const { store, folder, signal } = this.options;
    const log = await store.identity();
    const found = await findManifest(folder);
    this.manifest = found ?? newManifest(log, new Date());
    checkLog(this.manifest, log, folder);
    const before = this.manifest;
    if (found) await this.removeLeftOvers();
    else await this.commit({});
    try {
      await this.exportEvents();
      if (!signal?.aborted) await this.exportBlobs();
      if (!signal?.aborted) await this.exportStates();
    } finally {
      await this.writer?.discard();
    }
    const { events, blobs } = this.manifest;
    return {
      manifest: this.manifest,
      events: events - before.events,
      blobs: blobs - before.blobs,
      complete: signal?.aborted !== true,
    };
  }

  private async exportEvents(): Promise<void> {
    const { store, signal, onProgress } = this.options;
    const after = this.manifest.position as Position | null;
    const head = await store.head();
    if (head === undefined || (after !== null && store.comparePositions(after, head) > 0)) checkNotBehind(after);
    let [first, last]: (RecordedEvent | undefined)[] = [];
    const close = async () => {
      if (!first || !last) return;
      await this.closeSegment({ from: first.recordedAt.toISOString(), until: last.recordedAt.toISOString() }, last);
      first = undefined;
    };
    let done = 0;
    for await (const event of store.readAll(after === null ? {} : { after })) {
      await this.write('events', encodeEvent(event));
      first ??= event;
      last = event;
      if (this.writer?.isFull) await close();
      if (++done % REPORT_EVERY === 0)
        onProgress?.({ phase: 'events', done, share: head && store.shareOfLog(event.position, head) });
      if (signal?.aborted) break;
    }
    await close();
    if (!signal?.aborted) onProgress?.({ phase: 'events', done, share: 1 });
  }

  private async exportBlobs(): Promise<void> {
    const { blobs, folder, signal, onProgress } = this.options;
    const known = new Set<string>();
    for (const segment of this.manifest.segments)
      if (segment.kind === 'blobs')
        for await (const line of segmentLines(folder, segment)) known.add(decodeBlob(line).sha256);
    let done = 0;
    for await (const { sha256, mediaType } of blobs.list()) {
      if (signal?.aborted) break;
      if (known.has(sha256)) continue;
      const blob = await blobs.get(sha256);
      if (!blob) continue; // removed since it was listed
      await this.write('blobs', encodeBlob({ sha256, mediaType, bytes: blob.bytes }));
      if (this.writer?.isFull) await this.closeSegment({});
      done++;
      onProgress?.({ phase: 'blobs', done, share: undefined });
    }
    await this.closeSegment({});
  }

  private async exportStates(): Promise<void> {
    const { store, folder, signal, onProgress } = this.options;
    const old = this.manifest.segments.filter(({ kind }) => kind === 'streams');
    let done = 0;
    const written: Segment[] = [];
    for await (const state of store.streamStates()) {
      if (signal?.aborted) return;
      await this.write('streams', encodeState(state));
      done++;
      onProgress?.({ phase: 'streams', done, share: undefined });
      if (!this.writer?.isFull) continue;
      written.push(await this.writer.close());
      this.writer = undefined;
    }
    if (this.writer) written.push(await this.writer.close());
    this.writer = undefined;
    const others = this.manifest.segments.filter(({ kind }) => kind !== 'streams');
    await this.commit({ segments: [...others, ...written] });
    for (const { file } of old) await rm(join(folder, file), { force: true });
  }

  private async write(kind: SegmentKind, line: string): Promise<void> {
    this.writer ??= new SegmentWriter(this.options.folder, this.nextName(kind), kind);
    await this.writer.add(line);
  }

  /** Numbers go on over all kinds, so that no name is used twice. */
  private nextName(kind: SegmentKind): string {
    const numbers = this.manifest.segments.map(({ file }) => Number(/\d+/.exec(file)?.[0] ?? 0));
    const next = Math.max(0, ...numbers, this.lastNumber) + 1;
    this.lastNumber = next;
    return `${String(next).padStart(6, '0')}-${kind}.ndjson.gz`;
  }

  private lastNumber = 0;

  private async closeSegment(times: Pick<Segment, 'from' | 'until'>, last?: RecordedEvent): Promise<void> {
    if (!this.writer) return;
    const { kind } = this.writer;
    const segment = { ...(await this.writer.close()), ...times };
    this.writer = undefined;
    const { segments, events, blobs, position } = this.manifest;
    await this.commit({
      segments: [...segments, segment],
      events: events + (kind === 'events' ? segment.records : 0),
      blobs: blobs + (kind === 'blobs' ? segment.records : 0),
      position: last?.position ?? position,
    });
  }

  private async commit(changes: Partial<Manifest>): Promise<void> {
    this.manifest = { ...this.manifest, ...changes, updatedAt: new Date().toISOString() };
    await writeManifest(this.options.folder, this.manifest);
  }

  /** Segments that an interrupted export had finished and not yet entered, or no longer needs. */
  private async removeLeftOvers(): Promise<void> {
    const { folder } = this.options;
    for (const file of await strangers(folder, this.manifest))
      if (/^\d{6,}-(events|blobs|streams)\.ndjson\.gz$/.test(file)) await rm(join(folder, file), { force: true });
  }
}

function checkLog(manifest: Manifest, log: string, folder: string): void {
  if (manifest.log === log) return;
  throw new ArchiveFault(
    'archive-of-another-log',
    `The archive in ${folder} is of another event log (${manifest.log}; this one is ${log}): export to another folder.`,
  );
}

function checkNotBehind(after: Position | null): void {
  if (after === null) return;
  throw new ArchiveFault(
    'archive-of-another-log',
    'The event log ends before the archive does: it was restored from an older backup. Export to another folder.',
  );
}

function isOfTheDisk(error: unknown): boolean {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return (
    typeof code === 'string' && typeof syscall === 'string' && /^(ENOSPC|EDQUOT|EACCES|EROFS|EIO|EMFILE)$/.test(code)
  );
}
