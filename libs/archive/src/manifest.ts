/** The table of contents of an archive: `archive.json`. */
import { createHash } from 'node:crypto';
import { ArchiveFault } from './archive-fault.js';

export const FORMAT = 'palimpsest-archive';
/** Raised when a reader of this version could no longer understand what is written. */
export const FORMAT_VERSION = 1;

export type SegmentKind = 'events' | 'blobs' | 'streams';

/** A file of the archive, complete and never changed again. */
export interface Segment {
  readonly file: string;
  readonly kind: SegmentKind;
  /** Lines after the first. */
  readonly records: number;
  /** Size of the file, compressed. */
  readonly bytes: number;
  /** Of the file, as it lies there. */
  readonly sha256: string;
  /** Times of the first and last event, ISO 8601. */
  readonly from?: string;
  readonly until?: string;
}

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Identity of the log that this is an archive of. */
  readonly log: string;
  /** Of the last event that is in the archive; null for none. */
  readonly position: string | null;
  readonly events: number;
  readonly blobs: number;
  /** In the order in which their events were recorded. */
  readonly segments: readonly Segment[];
}

export function newManifest(log: string, now: Date): Manifest {
  const at = now.toISOString();
  return {
    ...({ format: FORMAT, version: FORMAT_VERSION, createdAt: at, updatedAt: at } as const),
    ...{ log, position: null, events: 0, blobs: 0, segments: [] },
  };
}

/** The text of the file: the manifest and, last, the SHA-256 of the text without that. */
export function formatManifest(manifest: Manifest): string {
  const sha256 = createHash('sha256')
    .update(JSON.stringify(manifest, null, 2))
    .digest('hex');
  return `${JSON.stringify({ ...manifest, sha256 }, null, 2)}\n`;
}

/** Throws ArchiveFault `archive-damaged` or `archive-too-new`. */
export function parseManifest(text: string, folder: string): Manifest {
  let parsed: Manifest & { readonly sha256: string };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw damaged(folder, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || parsed.format !== FORMAT) throw damaged(folder);
  const { sha256: _sha256, ...manifest } = parsed;
  // Before the checksum: a later version may compute it in another way.
  if (Number.isSafeInteger(manifest.version) && manifest.version > FORMAT_VERSION)
    throw new ArchiveFault(
      'archive-too-new',
      `The archive in ${folder} has format version ${manifest.version}; this program reads versions up to ${FORMAT_VERSION}: ` +
        'use the release that made it, or a newer one.',
    );
  if (formatManifest(manifest) !== text) throw damaged(folder);
  return manifest;
}

function damaged(folder: string, cause?: unknown): ArchiveFault {
  return new ArchiveFault(
    'archive-damaged',
    `archive.json in ${folder} is damaged: its checksum does not fit. Take the file from another copy of the archive.`,
    { cause },
  );
}
