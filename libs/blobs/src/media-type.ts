/** What is known for a kind of file by its first bytes, as the file formats themselves say: [offset, bytes, media type]. */
const SIGNATURES: readonly (readonly [offset: number, bytes: readonly number[], mediaType: string])[] = [
  [0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], 'image/png'], // PNG (ISO/IEC 15948)
  [0, [0xff, 0xd8, 0xff], 'image/jpeg'], // JPEG (ITU-T T.81)
  [0, [0x47, 0x49, 0x46, 0x38, 0x37, 0x61], 'image/gif'], // GIF87a
  [0, [0x47, 0x49, 0x46, 0x38, 0x39, 0x61], 'image/gif'], // GIF89a
  [8, [0x57, 0x45, 0x42, 0x50], 'image/webp'], // WebP (RFC 9649), within RIFF
  [0, [0x25, 0x50, 0x44, 0x46, 0x2d], 'application/pdf'], // PDF (ISO 32000)
  [0, [0x50, 0x4b, 0x03, 0x04], 'application/zip'], // ZIP, and what is built on it
];

/** Anything: a browser saves it and does nothing else with it. */
export const ANY_BYTES = 'application/octet-stream';

/** Media type by the first bytes, and never by a name or somebody's word; `application/octet-stream` if they say nothing. */
export function mediaTypeOf(bytes: Uint8Array): string {
  const found = SIGNATURES.find(([offset, signature]) => signature.every((byte, n) => bytes[offset + n] === byte));
  return found?.[2] ?? ANY_BYTES;
}
