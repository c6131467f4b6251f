import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { type AuditQuery, printAuditQuery, rangeOfQuery } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { AuditQueries, type AuditRow } from '@palimpsest/projections';
import type { Response } from 'express';
import { ZipFile } from 'yazl';
import type { Principal } from '../auth/principal.js';
import type { CommandContext } from '../commands/context.js';
import { Problem } from '../platform/problem.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { fileName, sendStream } from '../workspaces/served-content.js';
import { EXPORT_COLUMNS, exportHead, exportLine, type RowFormat } from './export-rows.js';
import { ExportRecords } from './export-records.js';

/** Exports of one process at the same time: each holds a connection to the database, and a state of it. */
const EXPORTS_MOST = 2;

/** Whoever does not read on for so long has gone, milliseconds: the state of the database is not held for them. */
const STALLED_MS = 60_000;

export interface WantedExport {
  readonly query: AuditQuery;
  readonly format: RowFormat;
}

/** What has been written so far. */
interface Written {
  rows: number;
  bytes: number;
  newest: AuditRow | undefined;
  oldest: AuditRow | undefined;
  /** SHA-256, once it is whole. */
  sha256: string;
}

/**
 * The rows of a query as a ZIP archive: the rows, then a manifest that says what they are and has their hash. Both are written
 * while they are sent, the manifest last, since only then it is known; some thousand rows are in memory.
 */
@Injectable()
export class AuditExport {
  #open = 0;

  constructor(
    private readonly queries: AuditQueries,
    private readonly records: ExportRecords,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Recorded before the first byte, and after the last one. Throws Problem when there are too many at once. */
  async send(person: Principal, wanted: WantedExport, context: CommandContext, response: Response): Promise<void> {
    if (this.#open >= EXPORTS_MOST)
      throw new Problem(503, 'exports-under-way', 'Others are exporting the log just now: try again in a minute.');
    this.#open += 1;
    try {
      const written = await this.#send(person, wanted, context, response);
      if (written) await this.records.finish(written, context);
    } finally {
      this.#open -= 1;
    }
  }

  async #send(person: Principal, { query, format }: WantedExport, context: CommandContext, response: Response) {
    const [now, identity] = [Date.now(), await this.store.identity()];
    const asked = { query: printAuditQuery(query), ...rangeInWords(query, now) };
    const id = await this.records.begin({ format, object: 'audit log', query: asked }, context);
    const written: Written = { rows: 0, bytes: 0, newest: undefined, oldest: undefined, sha256: '' };
    const rows = Readable.from(lines(this.queries.all({ query, now }), format, written), { objectMode: false });
    // Whoever goes away ends the reading, which gives its connection back.
    response.once('close', () => void rows.destroy()).setTimeout(STALLED_MS, () => void response.destroy());
    const stamp = new Date(now).toISOString();
    const name = `audit-${stamp.slice(0, 19).replace(/\D/g, '')}`;
    const file = `${name}.${format}`;
    const manifest = () => ({
      ...{ kind: 'palimpsest audit export', version: 1, export: id, madeAt: stamp, madeBy: whoIs(person) },
      ...{ log: identity, ...asked, order: 'newest first', columns: EXPORT_COLUMNS },
      ...{ file, rows: written.rows, bytes: written.bytes, sha256: written.sha256 },
      ...{ newest: placeOf(written.newest), oldest: placeOf(written.oldest) },
    });
    response.set({
      'Content-Type': 'application/zip',
      'Content-Disposition': `attachment; ${fileName(`${name}.zip`)}`,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, no-store, no-transform',
    });
    await sendStream(response, archive(file, rows, manifest, new Date(now)));
    const { rows: count, bytes, sha256 } = written;
    return response.writableFinished ? { export: id, rows: count, bytes, sha256 } : undefined;
  }
}

/** The rows as bytes, some hundred at a time; what has been written is noted. */
async function* lines(
  pages: AsyncIterable<readonly AuditRow[]>,
  format: RowFormat,
  written: Written,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const note = (text: string) => {
    const bytes = Buffer.from(text);
    written.bytes += bytes.byteLength;
    hash.update(bytes);
    return bytes;
  };
  const head = exportHead(format);
  if (head !== '') yield note(head);
  for await (const page of pages) {
    written.rows += page.length;
    written.newest ??= page[0];
    written.oldest = page.at(-1) ?? written.oldest;
    yield note(page.map((row) => exportLine(format, row)).join(''));
  }
  written.sha256 = hash.digest('hex');
}

/** Of two files, of which the second is asked for when the first is written. */
function archive(file: string, rows: Readable, manifest: () => object, mtime: Date): Readable {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const fail = (error: Error) => void out.destroy(error);
  zip.on('error', fail);
  rows.on('error', fail);
  zip.addReadStreamLazy(file, { mtime, compress: true }, (ready) => ready(null, rows));
  zip.addReadStreamLazy('manifest.json', { mtime, compress: false }, (ready) =>
    ready(null, Readable.from([Buffer.from(`${JSON.stringify(manifest(), undefined, 2)}\n`)])),
  );
  zip.end();
  return out;
}

function whoIs({ userId, username, displayName, role }: Principal) {
  return { id: userId, username, name: displayName, role };
}

function placeOf(row: AuditRow | undefined) {
  if (!row) return null;
  const { entryNo, at, stream, revision, position } = row;
  return { entry: entryNo, time: at.toISOString(), stream, revision: String(revision), position };
}

/** `7d` and `today` as the moments that they were. */
function rangeInWords(query: AuditQuery, now: number): Readonly<Record<string, string>> {
  const { from, until } = rangeOfQuery(query, now);
  return {
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}
