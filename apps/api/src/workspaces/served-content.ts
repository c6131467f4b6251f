import { ANY_BYTES, mediaTypeOf } from '@palimpsest/blobs';
import type { Request, Response } from 'express';

/** What is to be sent of a file. */
export interface ServedContent {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  /** Another one for other bytes; without quotes. */
  readonly tag: string;
}

/** Media types that a browser may show: pictures that hold no program. Everything else is saved. */
const SHOWN: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/**
 * Sends what somebody's program wrote without letting it become a page of this site: its type is what the bytes say, from a
 * short list, or "bytes"; browsers may not guess another; what is opened by itself is saved or stands in a sandbox that allows
 * nothing. Answers "not modified" and one range (RFC 9110); of several ranges, or a broken one, it sends all.
 */
export function sendContent(request: Request, response: Response, content: ServedContent): void {
  const { bytes, path, isText, tag } = content;
  const mediaType = isText ? 'text/plain; charset=utf-8' : mediaTypeOf(bytes);
  const isShown = SHOWN.has(mediaType);
  const size = bytes.byteLength;
  response.set({
    'Content-Type': isShown || isText ? mediaType : ANY_BYTES,
    'Content-Disposition': `${isShown ? 'inline' : 'attachment'}; ${fileName(path)}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'Accept-Ranges': 'bytes',
    ETag: `"${tag}"`,
    // To be asked for each time: rights end, and contents change. Not compressed: ranges count the bytes themselves.
    'Cache-Control': 'private, no-cache, no-transform',
  });
  if (request.fresh) return void response.status(304).end();
  const range = wantedRange(request, size, `"${tag}"`);
  if (range === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${size}`);
    return void response.status(416).end();
  }
  const part = range ? bytes.subarray(range.start, range.end + 1) : bytes;
  if (range) response.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  response.set('Content-Length', String(part.byteLength));
  response.end(request.method === 'HEAD' ? undefined : part);
}

function wantedRange(
  request: Request,
  size: number,
  etag: string,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag) return undefined;
  const ranges = request.range(size);
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === undefined || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

/** The last part of the path, in the one form that takes every name (RFC 8187). */
function fileName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `filename*=UTF-8''${escaped}`;
}
