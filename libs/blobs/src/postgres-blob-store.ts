import { createHash } from 'node:crypto';
import pg from 'pg';
import { BlobTooLarge, MAX_BLOB_BYTES, type Blob, type BlobInfo, type BlobStore } from './blob-store.js';

/** Applied migrations never change; a new shape is a new one. */
const MIGRATIONS: readonly string[] = [
  /* sql */ `
create table blob.content (
  sha256     bytea primary key check (octet_length(sha256) = 32),
  media_type text not null,
  bytes      bytea not null check (octet_length(bytes) <= 10000000)
);
-- Pictures and archives do not compress.
alter table blob.content alter column bytes set storage external;
`,
  // FILE_SIZE_LIMIT_MB counts in 1,048,576 bytes, as the limit of a run's files does.
  /* sql */ `
alter table blob.content drop constraint content_bytes_check;
alter table blob.content add constraint content_bytes_check check (octet_length(bytes) <= 10485760);
`,
];

/** Any number that nothing else in this database locks: the ASCII codes of "blob". */
const LOCK = 0x626c6f62;
/** Blobs in one page of a list. */
const PAGE = 500;
/** Bytes of one piece of a blob that is read in pieces: the database cuts it out without reading the rest. */
const PIECE_BYTES = 256 * 1024;
const HASH = /^[0-9a-f]{64}$/;

/** The database holds blobs of a newer version of the program. */
export class BlobsTooNew extends Error {
  readonly code = 'blobs-too-new';
  constructor(found: number) {
    super(
      `The blobs in this database have schema version ${found}; this program knows ${MIGRATIONS.length}: upgrade the program.`,
    );
    this.name = 'BlobsTooNew';
  }
}

/**
 * Brings schema `blob` to the current version and lets `roles` read and add blobs, nothing else. As the database's owner.
 * Safe to repeat and to run from several processes at once. Throws BlobsTooNew.
 */
export async function migratePostgresBlobs(client: pg.ClientBase, roles: readonly string[] = []): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query(`create schema if not exists blob;
      create table if not exists blob.migration (version int primary key, applied_at timestamptz default now())`);
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from blob.migration',
    );
    const found = rows[0]?.version ?? 0;
    if (found > MIGRATIONS.length) throw new BlobsTooNew(found);
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < found) continue;
      // One string is one transaction: the table and its entry come together.
      await client.query(`begin; ${sql}; insert into blob.migration (version) values (${index + 1}); commit`);
    }
    for (const role of roles) {
      const name = pg.escapeIdentifier(role);
      await client.query(`grant usage on schema blob to ${name}; grant select, insert on blob.content to ${name}`);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}

export class PostgresBlobStore implements BlobStore {
  constructor(private readonly pool: pg.Pool) {}

  async put(bytes: Uint8Array, mediaType: string): Promise<string> {
    if (bytes.byteLength > MAX_BLOB_BYTES) throw new BlobTooLarge(bytes.byteLength);
    const hash = createHash('sha256').update(bytes).digest();
    await this.pool.query(
      'insert into blob.content (sha256, media_type, bytes) values ($1, $2, $3) on conflict (sha256) do nothing',
      [hash, mediaType, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
    );
    return hash.toString('hex');
  }

  async get(sha256: string): Promise<Blob | undefined> {
    if (!HASH.test(sha256)) return undefined;
    const { rows } = await this.pool.query<{ media_type: string; bytes: Buffer }>(
      'select media_type, bytes from blob.content where sha256 = $1',
      [Buffer.from(sha256, 'hex')],
    );
    const row = rows[0];
    return row && { sha256, mediaType: row.media_type, size: row.bytes.length, bytes: row.bytes };
  }

  /** The same as `get` without the bytes. */
  async info(sha256: string): Promise<BlobInfo | undefined> {
    if (!HASH.test(sha256)) return undefined;
    const { rows } = await this.pool.query<{ media_type: string; size: number }>(
      'select media_type, octet_length(bytes) as size from blob.content where sha256 = $1',
      [Buffer.from(sha256, 'hex')],
    );
    const row = rows[0];
    return row && { sha256, mediaType: row.media_type, size: row.size };
  }

  /** The bytes from `start` up to and without `end`, in pieces of 256 KiB; fewer where the blob ends before. */
  async *read(sha256: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (!HASH.test(sha256)) return;
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      const { rows } = await this.pool.query<{ piece: Buffer }>(
        // Places of a bytea are counted from 1.
        'select substring(bytes from $2::int for $3::int) as piece from blob.content where sha256 = $1',
        [Buffer.from(sha256, 'hex'), at + 1, length],
      );
      const piece = rows[0]?.piece;
      if (!piece || piece.length === 0) return;
      yield piece;
      if (piece.length < length) return;
    }
  }

  async *list(): AsyncGenerator<BlobInfo> {
    for (let after = Buffer.alloc(0); ;) {
      const { rows } = await this.pool.query<{ sha256: Buffer; media_type: string; size: number }>(
        `select sha256, media_type, octet_length(bytes) as size from blob.content
         where sha256 > $1 order by sha256 limit ${PAGE}`,
        [after],
      );
      for (const { sha256, media_type: mediaType, size } of rows)
        yield { sha256: sha256.toString('hex'), mediaType, size };
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
      after = Buffer.from(last.sha256);
    }
  }
}
