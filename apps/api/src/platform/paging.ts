import { DEFAULT_PAGE } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { invalidRequest } from './problem.js';

/**
 * Pages by key: a page begins after the last entry of the one before, not after a number of entries, so that what is added
 * meanwhile neither repeats nor hides anything. A cursor is that entry's key in base64url, opaque to clients.
 */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined: this was the last. */
  readonly next: string | undefined;
}

/** Asks `read` for one row more than wanted, to know whether there is a next page. */
export async function pageOf<Row>(
  limit: number | undefined,
  read: (limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => readonly string[],
): Promise<Page<Row>> {
  const most = limit ?? DEFAULT_PAGE;
  const found = await read(most + 1);
  const rows = found.slice(0, most);
  const last = rows.at(-1);
  return { rows, next: found.length > most && last !== undefined ? encodeCursor(keyOf(last)) : undefined };
}

export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(key.join(' ')).toString('base64url');
}

/** The key in a cursor; undefined if there is none. Throws Problem for one whose parts do not match `parts`. */
export function decodeCursor(cursor: string | undefined, parts: readonly RegExp[]): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (key.length === parts.length && parts.every((part, n) => part.test(key[n] ?? ''))) return key;
  throw invalidRequest([{ field: 'cursor', problem: 'must be one that a page before gave' }]);
}

/** `Link: <...>; rel="next"` (RFC 8288): the same request with the cursor of the next page. */
export function linkNext(
  request: Request,
  response: Response,
  parameter: string,
  next: string | null | undefined,
): void {
  if (next === undefined || next === null) return;
  const url = new URL(request.originalUrl, 'http://localhost');
  url.searchParams.set(parameter, next);
  url.searchParams.delete('after');
  response.setHeader('Link', `<${url.pathname}${url.search}>; rel="next"`);
}
