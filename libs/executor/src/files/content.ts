import { createHash } from 'node:crypto';
import { mediaTypeOf } from '@palimpsest/blobs';
import { textIn } from '@palimpsest/documents';
import type { FileContent } from '@palimpsest/domain';

/** Says what a file holds: text is UTF-8 without NUL that a document takes, everything else is binary. */
export function describeContent(bytes: Uint8Array): FileContent {
  const isText = textIn(bytes) !== undefined;
  return {
    kind: isText ? 'text' : 'binary',
    sha256: hashOf(bytes),
    size: bytes.byteLength,
    mediaType: isText ? 'text/plain' : mediaTypeOf(bytes),
  };
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
