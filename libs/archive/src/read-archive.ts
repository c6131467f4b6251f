import type { Manifest, Segment, SegmentKind } from './manifest.js';
import { checkSegment, damaged, segmentLines } from './segment.js';

/**
 * The records of one kind, in their order. Each file is compared with its checksum before anything of it is given.
 * Throws ArchiveFault `archive-damaged`.
 */
export async function* records<T>(
  folder: string,
  manifest: Manifest,
  kind: SegmentKind,
  decode: (line: string) => T,
): AsyncGenerator<T> {
  for (const segment of manifest.segments) {
    if (segment.kind !== kind) continue;
    await checkSegment(folder, segment);
    yield* decoded(folder, segment, decode);
  }
}

/** The records of a file whose checksum fits. */
export async function* decoded<T>(folder: string, segment: Segment, decode: (line: string) => T): AsyncGenerator<T> {
  let number = 1;
  for await (const line of segmentLines(folder, segment)) {
    number++;
    let record: T;
    try {
      record = decode(line);
    } catch (cause) {
      throw damaged(segment.file, `line ${number} cannot be read (${String(cause)})`, cause);
    }
    yield record;
  }
}
