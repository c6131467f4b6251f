import { REPLAY_FORMAT } from '@palimpsest/protocol';
import type pg from 'pg';
import { inTransaction } from '../platform/in-transaction.js';
import type { PageSummary } from './page-summary.js';

/** Who wrote in a file. */
export interface ReplayAuthor {
  readonly id: string;
  readonly role: string;
}

/** What is known of a page without reading it. */
export interface PageEntry {
  /** Edits of the file before it. */
  readonly first: number;
  readonly edits: number;
  /** Of the event with its last edit, and how many of that event's edits are in this page or before. */
  readonly revision: bigint;
  readonly eventId: string;
  readonly within: number;
  /** Of the file up to the end of the page, in the order in which they first wrote. */
  readonly authors: readonly ReplayAuthor[];
  readonly summary: PageSummary;
  /** Another one for another content. */
  readonly tag: string;
}

export interface StoredPage extends PageEntry {
  readonly page: number;
  /** Compressed (gzip). */
  readonly bytes: Uint8Array;
  readonly keyframe: Uint8Array;
}

/** The text and the document after a page, from which building goes on. Compressed. */
export interface StoredEnd {
  readonly page: number;
  readonly keyframe: Uint8Array;
  readonly doc: Uint8Array;
}

type Row = Omit<PageEntry, 'revision'> & { readonly revision: string };

const ENTRY = 'first, edits, revision, event_id as "eventId", within, authors, summary, tag';

/**
 * Pages and keyframes of histories, in schema `snapshot`: derived, safe to empty. What is asked for is of one log (`epoch`) and
 * of the format of this program; `write` removes what is not. Methods throw what node-postgres throws.
 */
export class ReplayStore {
  constructor(private readonly pool: pg.Pool) {}

  /** All pages that there are, in order. */
  async entries(stream: string, epoch: string): Promise<PageEntry[]> {
    const { rows } = await this.pool.query<Row>(
      `select ${ENTRY} from snapshot.replay_page where stream = $1 and format = $2 and epoch = $3 order by page`,
      [stream, REPLAY_FORMAT, epoch],
    );
    return rows.map((row) => ({ ...row, revision: BigInt(row.revision) }));
  }

  /** The newest page that has its document. */
  async end(stream: string, epoch: string): Promise<StoredEnd | undefined> {
    const { rows } = await this.pool.query<StoredEnd>(
      `select page, keyframe, doc from snapshot.replay_page
       where stream = $1 and format = $2 and epoch = $3 and doc is not null order by page desc limit 1`,
      [stream, REPLAY_FORMAT, epoch],
    );
    return rows[0];
  }

  /** Revision up to which there are pages; −1: none. */
  async builtTo(stream: string, epoch: string): Promise<bigint> {
    const { rows } = await this.pool.query<{ revision: string }>(
      `select revision from snapshot.replay_page where stream = $1 and format = $2 and epoch = $3 order by page desc limit 1`,
      [stream, REPLAY_FORMAT, epoch],
    );
    return BigInt(rows[0]?.revision ?? -1);
  }

  async bytes(stream: string, epoch: string, page: number, of: 'bytes' | 'keyframe'): Promise<Uint8Array | undefined> {
    const { rows } = await this.pool.query<{ bytes: Buffer }>(
      `select ${of} as bytes from snapshot.replay_page where stream = $1 and format = $2 and epoch = $3 and page = $4`,
      [stream, REPLAY_FORMAT, epoch, page],
    );
    return rows[0]?.bytes;
  }

  /**
   * Keeps the pages, and with the last of them its document. Pages that are there already are the same, since a page depends
   * on the log alone: so two nodes that build at once do not harm each other.
   */
  async write(stream: string, epoch: string, pages: readonly StoredPage[], doc: Uint8Array): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await client.query(
        'delete from snapshot.replay_page where stream = $1 and (format < $2 or format = $2 and epoch <> $3)',
        [...[stream, REPLAY_FORMAT, epoch]],
      );
      for (const page of pages) await insert(client, stream, epoch, page, page === pages.at(-1) ? doc : null);
      await client.query(
        `update snapshot.replay_page set doc = null where stream = $1 and format = $2 and doc is not null and page <
           (select max(page) from snapshot.replay_page where stream = $1 and format = $2 and doc is not null)`,
        [stream, REPLAY_FORMAT],
      );
    });
  }

  async remove(stream: string): Promise<void> {
    await this.pool.query('delete from snapshot.replay_page where stream = $1 and format = $2', [
      stream,
      REPLAY_FORMAT,
    ]);
  }
}

async function insert(
  client: pg.PoolClient,
  stream: string,
  epoch: string,
  stored: StoredPage,
  doc: Uint8Array | null,
): Promise<void> {
  const { page, first, edits, revision, eventId, within, authors, summary, tag, bytes, keyframe } = stored;
  await client.query(
    `insert into snapshot.replay_page (stream, format, page, epoch, first, edits, revision, event_id, within, authors, summary,
       tag, bytes, keyframe, doc) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (stream, format, page) do nothing`,
    [
      ...[stream, REPLAY_FORMAT, page, epoch, first, edits, revision.toString(), eventId, within],
      ...[JSON.stringify(authors), JSON.stringify(summary), tag, buffer(bytes), buffer(keyframe), doc && buffer(doc)],
    ],
  );
}

/** node-postgres sends a Buffer as it is; another Uint8Array would be copied. */
function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
