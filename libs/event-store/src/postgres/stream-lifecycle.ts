import { StreamDeleted, WrongExpectedVersion } from '../errors.js';
import type { Expected, StreamInfo, StreamMetadata } from '../event-store.js';
import { checkExpected, checkMetadata, checkStreamName } from '../validation.js';
import { expectedNumber } from './append-batch.js';
import type { ReadPool, Row } from './read-pool.js';

type InfoRow = [
  ...[state: number, metadataRevision: string, maxCount: string | null, maxAgeSeconds: number | null],
  ...[truncateBefore: string, custom: Readonly<Record<string, unknown>> | null, last: string | null],
];

/** Deletion and metadata of streams. */
export class StreamLifecycle {
  constructor(private readonly pool: ReadPool) {}

  async info(stream: string): Promise<StreamInfo> {
    checkStreamName(stream);
    const [row] = await this.pool.read(
      `select s.state, s.meta_revision, s.max_count, extract(epoch from s.max_age)::float8, s.truncate_before, s.custom,
         (select max(e.revision) from es.event e where e.stream_no = s.stream_no)
       from es.stream s where s.name = $1`,
      [stream],
      undefined,
      'stream info',
    );
    return decodeInfo(row as InfoRow | undefined);
  }

  async setMetadata(stream: string, metadata: StreamMetadata, expected: Expected): Promise<void> {
    checkStreamName(stream);
    checkExpected(expected);
    checkMetadata(metadata);
    const rows = await this.pool.write('select * from es.set_stream_metadata($1, $2, $3, $4, $5, $6)', [
      stream,
      expectedNumber(expected).toString(),
      metadata.maxCount ?? null,
      metadata.maxAgeSeconds ?? null,
      metadata.truncateBefore?.toString() ?? null,
      metadata.custom === undefined ? null : JSON.stringify(metadata.custom),
    ]);
    refuse(rows, stream, expected, 'metadata');
  }

  async delete(stream: string, expected: Expected, forEver: boolean): Promise<void> {
    checkStreamName(stream);
    checkExpected(expected);
    const rows = await this.pool.write('select * from es.delete_stream($1, $2, $3)', [
      stream,
      expectedNumber(expected).toString(),
      forEver,
    ]);
    refuse(rows, stream, expected, 'events');
  }
}

function refuse(rows: readonly Row[], stream: string, expected: Expected, subject: 'events' | 'metadata'): void {
  const [outcome, last] = rows[0] as unknown as [string, string];
  if (outcome === 'tombstoned') throw new StreamDeleted(stream);
  const actual = BigInt(last);
  if (outcome === 'wrong') throw new WrongExpectedVersion(stream, expected, actual < 0n ? 'noStream' : actual, subject);
}

function decodeInfo(row: InfoRow | undefined): StreamInfo {
  if (!row)
    return {
      exists: false,
      revision: undefined,
      deleted: false,
      tombstoned: false,
      metadata: {},
      metadataRevision: undefined,
    };
  const [state, metadataRevision, maxCount, maxAgeSeconds, truncateBefore, custom, last] = row;
  return {
    exists: state === 0 && last !== null,
    revision: last === null ? undefined : BigInt(last),
    deleted: state === 1,
    tombstoned: state === 2,
    metadata: {
      ...(maxCount !== null && { maxCount: Number(maxCount) }),
      ...(maxAgeSeconds !== null && { maxAgeSeconds }),
      ...(truncateBefore !== '0' && { truncateBefore: BigInt(truncateBefore) }),
      ...(custom !== null && { custom }),
    },
    metadataRevision: metadataRevision === '-1' ? undefined : BigInt(metadataRevision),
  };
}
