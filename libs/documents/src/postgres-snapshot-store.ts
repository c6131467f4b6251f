import type pg from 'pg';
import type { SnapshotKey, SnapshotStore, StoredSnapshot } from './snapshot-store.js';

interface Row {
  readonly revision: string;
  readonly event_id: string;
  readonly epoch: string;
  readonly sha256: Buffer;
  readonly bytes: Buffer;
}

/** Snapshots in Postgres, schema `snapshot` (snapshot-schema.ts). Every method throws what node-postgres throws. */
export class PostgresSnapshotStore implements SnapshotStore {
  constructor(private readonly pool: pg.Pool) {}

  async newest(key: SnapshotKey, epoch: string, below?: bigint): Promise<StoredSnapshot | undefined> {
    const { rows } = await this.pool.query<Row>(
      `select revision, event_id, epoch, sha256, bytes from snapshot.content
       where stream = $1 and kind = $2 and format = $3 and epoch = $4 and ($5::bigint is null or revision < $5)
       order by revision desc limit 1`,
      [key.stream, key.kind, key.format, epoch, below?.toString()],
    );
    const row = rows[0];
    if (!row) return undefined;
    const { sha256, bytes, event_id: eventId } = row;
    return { revision: BigInt(row.revision), eventId, epoch: row.epoch, sha256, bytes };
  }

  async write(key: SnapshotKey, snapshot: StoredSnapshot): Promise<void> {
    const { stream, kind, format } = key;
    const { revision, eventId, epoch, sha256, bytes } = snapshot;
    await this.pool.query(
      `insert into snapshot.content (stream, kind, format, revision, event_id, epoch, sha256, bytes)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (stream, kind, format, revision) do update set event_id = excluded.event_id, epoch = excluded.epoch,
         sha256 = excluded.sha256, bytes = excluded.bytes, written_at = excluded.written_at`,
      [stream, kind, format, revision.toString(), eventId, epoch, buffer(sha256), buffer(bytes)],
    );
    // On its own: if it fails, the next write collects what is left.
    await this.pool.query(
      `delete from snapshot.content where stream = $1 and kind = $2 and (format < $3 or format = $3 and (epoch <> $4 or
         revision not in (select revision from snapshot.content
           where stream = $1 and kind = $2 and format = $3 and epoch = $4 order by revision desc limit 2)))`,
      [stream, kind, format, epoch],
    );
  }

  async remove({ stream, kind, format }: SnapshotKey, revision: bigint): Promise<void> {
    await this.pool.query(
      'delete from snapshot.content where stream = $1 and kind = $2 and format = $3 and revision = $4',
      [stream, kind, format, revision.toString()],
    );
  }
}

/** node-postgres sends a Buffer as it is; another Uint8Array would be copied. */
function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
