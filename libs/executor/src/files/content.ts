import { createHash } from 'node:crypto';
import { mediaTypeOf } from '@palimpsest/blobs';
import { type FileContent, MAX_TEXT_LENGTH } from '@palimpsest/domain';

/** Says what a file holds: text is UTF-8 without NUL that a document takes, everything else is binary. */
export function describeContent(bytes: Uint8Array): FileContent {
  const isText = textOf(bytes) !== undefined;
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

/** With its byte order mark, if it has one; undefined for what is not text. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.length <= MAX_TEXT_LENGTH ? text : undefined;
  } catch {
    return undefined;
  }
}
