import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NotFoundException } from '@nestjs/common';
import { ANY_BYTES, mediaTypeOf } from '@palimpsest/blobs';
import type { Request, Response } from 'express';
import type { RecordedContent, RecordedFiles } from './recorded-content.js';

/** What is to be sent of a file. */
export interface ServedContent {
  readonly path: string;
  /** Bytes of all of it. */
  readonly size: number;
  /** By the first bytes; `text` for a text. */
  readonly mediaType: string;
  /** Another one for other bytes; without quotes. */
  readonly tag: string;
  /** It is addressed by its revision, so what is there never changes. */
  readonly isFixed: boolean;
  /** The bytes from `start` up to and without `end`, in pieces. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Bytes by which a kind of file is told. */
const HEAD_BYTES = 16;

interface Recorded {
  readonly path: string;
  /** Of the file. */
  readonly id: string;
  readonly content: RecordedContent;
  readonly isFixed: boolean;
}

/** What a file holds at a revision, to be sent. Throws 404 where the bytes of a binary file are not there. */
export async function servedOf(files: RecordedFiles, { path, id, content, isFixed }: Recorded): Promise<ServedContent> {
  if (content.kind === 'text') {
    const bytes = Buffer.from(content.text, 'utf8');
    return {
      ...{ path, isFixed, size: bytes.length, mediaType: TEXT_TYPE, tag: `${id}-${content.revision ?? 'new'}` },
      read: (start, end) => one(bytes.subarray(start, end)),
    };
  }
  const { sha256 } = content;
  const blob = await files.blobs.info(sha256);
  if (!blob) throw new NotFoundException('The content of this file is not there: the blobs have to be restored.');
  const head: Uint8Array[] = [];
  for await (const piece of files.blobs.read(sha256, 0, HEAD_BYTES)) head.push(piece);
  return {
    ...{ path, isFixed, size: blob.size, mediaType: mediaTypeOf(Buffer.concat(head)), tag: sha256 },
    read: (start, end) => files.blobs.read(sha256, start, end),
  };
}

/** Bytes that are in memory, as what is sent in pieces. */
export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Media types that a browser may show: pictures that hold no program, and pages that it draws without ours. Everything else is saved. */
const SHOWN: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf']);

/**
 * Sends what somebody's program wrote, or somebody uploaded, without letting it become a page of this site: its type is what
 * the bytes say, from a short list, or "bytes"; browsers may not guess another; what is opened by itself is saved or stands in
 * a sandbox that allows nothing. Answers "not modified" and one range (RFC 9110); of several ranges, or a broken one, it sends all.
 */
export async function sendContent(request: Request, response: Response, content: ServedContent): Promise<void> {
  const { path, mediaType, tag, size, isFixed } = content;
  const isShown = SHOWN.has(mediaType);
  response.set({
    'Content-Type': isShown || mediaType === TEXT_TYPE ? mediaType : ANY_BYTES,
    'Content-Disposition': `${isShown ? 'inline' : 'attachment'}; ${fileName(path)}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'Accept-Ranges': 'bytes',
    ETag: `"${tag}"`,
    // Not compressed: ranges count the bytes themselves.
    'Cache-Control': isFixed
      ? 'private, max-age=31536000, immutable, no-transform'
      : // To be asked for each time: rights end, and contents change.
        'private, no-cache, no-transform',
  });
  if (request.fresh) return void response.status(304).end();
  const range = wantedRange(request, size, `"${tag}"`);
  if (range === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${size}`);
    return void response.status(416).end();
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range) response.status(206).set('Content-Range', `bytes ${start}-${end}/${size}`);
  response.set('Content-Length', String(end + 1 - start));
  if (request.method === 'HEAD') return void response.end();
  await sendStream(response, Readable.from(content.read(start, end + 1), { objectMode: false }));
}

/** Whoever does not want it any more ends it; what fails on the way cuts the answer off, so that it is not taken for whole. */
export async function sendStream(response: Response, stream: NodeJS.ReadableStream): Promise<void> {
  try {
    await pipeline(stream, response);
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy();
  }
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
export function fileName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `filename*=UTF-8''${escaped}`;
}
