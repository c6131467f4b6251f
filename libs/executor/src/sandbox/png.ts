/**
 * What can be told of a PNG without decoding it (W3C Portable Network Graphics, third edition, 5 and 11.2.1). The bytes come out
 * of a student's program: they are stored and shown only if they are one whole PNG of a bearable size, and a browser decodes them.
 */

export interface Png {
  readonly bytes: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Largest picture of a run, bytes. */
export const MOST_PNG_BYTES = 2 * 1024 * 1024;
/** Pixels of a side, and of the whole: decoded they are four bytes each. */
const MOST_SIDE = 4096;
const MOST_PIXELS = 8_500_000;

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;
const HEADER_BYTES = 13;

/** The picture, or undefined for what is no PNG, is not whole, has something after its end or is too large. */
export function readPng(bytes: Uint8Array): Png | undefined {
  if (bytes.byteLength > MOST_PNG_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const chunks = chunksOf(buffer);
  const [first] = chunks ?? [];
  if (!chunks || first?.type !== 'IHDR' || first.length !== HEADER_BYTES || chunks.at(-1)?.type !== 'IEND')
    return undefined;
  if (chunks.filter(({ type }) => type === 'IHDR' || type === 'IEND').length !== 2) return undefined;
  if (!chunks.some(({ type }) => type === 'IDAT')) return undefined;
  const width = buffer.readUInt32BE(first.at);
  const height = buffer.readUInt32BE(first.at + 4);
  const fits = width > 0 && height > 0 && width <= MOST_SIDE && height <= MOST_SIDE && width * height <= MOST_PIXELS;
  return fits ? { bytes, width, height } : undefined;
}

interface Chunk {
  readonly type: string;
  /** Where its data begins, and how long that is. */
  readonly at: number;
  readonly length: number;
}

/** All chunks, if they fill the file exactly. */
function chunksOf(buffer: Buffer): Chunk[] | undefined {
  const chunks: Chunk[] = [];
  let at = SIGNATURE.length;
  while (at < buffer.length) {
    if (buffer.length - at < FRAME_BYTES) return undefined;
    const length = buffer.readUInt32BE(at);
    if (length > buffer.length - at - FRAME_BYTES) return undefined;
    chunks.push({ type: buffer.toString('latin1', at + 4, at + 8), at: at + 8, length });
    at += FRAME_BYTES + length;
  }
  return chunks;
}

/** The picture in the Base64 of a line (RFC 4648, 4), or undefined. */
export function parseFigure(base64: string): Png | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return readPng(Buffer.from(base64, 'base64'));
}
