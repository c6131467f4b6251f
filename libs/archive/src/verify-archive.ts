import { createHash } from 'node:crypto';
import { ArchiveFault } from './archive-fault.js';
import { readManifest, strangers } from './archive-folder.js';
import type { Manifest, Segment } from './manifest.js';
import type { OnProgress } from './progress.js';
import { decoded } from './read-archive.js';
import { decodeBlob, decodeEvent, decodeState } from './record-line.js';
import { checkSegment, damaged } from './segment.js';

export interface Verification {
  readonly manifest: Manifest;
  /** One sentence each; none means that every byte is as it was written. */
  readonly problems: readonly string[];
  /** Files in the folder that are no part of the archive. */
  readonly strangers: readonly string[];
}

/**
 * Compares every file with its checksum and reads every record. Throws ArchiveFault `archive-missing`, `archive-too-new`, and
 * `archive-damaged` for archive.json itself, without which nothing else can be looked at.
 */
export async function verifyArchive(
  folder: string,
  onProgress?: OnProgress,
  signal?: AbortSignal,
): Promise<Verification> {
  const manifest = await readManifest(folder);
  const problems: string[] = [];
  const whole = manifest.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytes = 0;
  for (const [index, segment] of manifest.segments.entries()) {
    signal?.throwIfAborted();
    try {
      await checkSegment(folder, segment, signal);
      await readAll(folder, segment, signal);
    } catch (error) {
      if (!(error instanceof ArchiveFault)) throw error;
      problems.push(error.message);
    }
    bytes += segment.bytes;
    onProgress?.({ phase: 'files', done: index + 1, share: bytes / whole });
  }
  for (const kind of ['events', 'blobs'] as const) {
    const counted = manifest.segments.reduce((sum, one) => sum + (one.kind === kind ? one.records : 0), 0);
    if (counted !== manifest[kind])
      problems.push(`archive.json says ${manifest[kind]} ${kind}; its files have ${counted}.`);
  }
  return { manifest, problems, strangers: await strangers(folder, manifest) };
}

async function readAll(folder: string, segment: Segment, signal?: AbortSignal): Promise<void> {
  const decode = { events: decodeEvent, streams: decodeState, blobs: decodeBlob }[segment.kind];
  let number = 0;
  for await (const record of decoded<unknown>(folder, segment, decode)) {
    if (++number % 1000 === 0) signal?.throwIfAborted();
    if (segment.kind === 'blobs') checkBlob(segment.file, record as ReturnType<typeof decodeBlob>);
  }
}

function checkBlob(file: string, { sha256, bytes }: ReturnType<typeof decodeBlob>): void {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw damaged(file, `the bytes of blob ${sha256} have another hash`);
}
