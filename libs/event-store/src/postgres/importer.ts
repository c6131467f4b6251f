/** The two ends of an archive: what the log keeps of its streams beside their events, and writing another log's events. */
import { InvalidArgument, StreamDeleted, WrongExpectedVersion } from '../errors.js';
import type { ImportedEvent, StreamState } from '../event-store.js';
import { checkImport, groupsOfImport } from '../import-groups.js';
import { arrayText, layOut } from './append-batch.js';
import { keepMetadata, MetadataShelf } from './metadata-shelf.js';
import type { ReadPool, Row } from './read-pool.js';

const IMPORT = 'select * from es.import_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)';
/** Streams in one page of `states`. */
const PAGE = 500;

type StateRow = [
  ...[streamNo: string, name: string, state: number, maxCount: string | null, maxAgeSeconds: number | null],
  ...[truncateBefore: string, custom: Readonly<Record<string, unknown>> | null],
];

export class Importer {
  constructor(private readonly pool: ReadPool) {}

  /** Repeats a part whose answer was lost: es.import_events knows it by its last event. */
  async importEvents(events: readonly ImportedEvent[]): Promise<void> {
    checkImport(events);
    const shelf = new MetadataShelf();
    for (const group of groupsOfImport(events)) {
      const row = await this.importGroup(group, shelf).catch((error: unknown) => {
        throw asFault(error);
      });
      const [outcome, stream, expected, last] = row as [string, string, string | null, string | null];
      if (outcome === 'tombstoned') throw new StreamDeleted(stream);
      if (outcome === 'wrong') throw new WrongExpectedVersion(stream, BigInt(expected ?? -1), BigInt(last ?? -1));
    }
  }

  private async importGroup(group: readonly ImportedEvent[], shelf: MetadataShelf): Promise<Row | undefined> {
    const keys = await shelf.keysFor(group, (contents) =>
      keepMetadata((text, values) => this.pool.read(text, values), contents),
    );
    const [row] = await this.pool.read(IMPORT, encodeImport(group, keys));
    return row;
  }

  async *states(): AsyncGenerator<StreamState> {
    for (let after = '0'; ;) {
      const rows = (await this.pool.read(
        `select s.stream_no, s.name, s.state, s.max_count, extract(epoch from s.max_age)::float8,
           greatest(s.truncate_before, case s.state when 0 then s.born_at end), s.custom
         from es.stream s
         where s.stream_no > $1 and (s.state <> 0 or s.born_at > 0 or s.meta_revision >= 0)
         order by s.stream_no limit ${PAGE}`,
        [after],
      )) as unknown as StateRow[];
      yield* rows.map(decodeState);
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
      after = last[0];
    }
  }
}

/** The role may not: the only way in which a caller of the port can be refused by its rights. */
function asFault(error: unknown): unknown {
  if ((error as { readonly code?: unknown }).code !== '42501') return error;
  return new InvalidArgument('Only the owner of the event log may import events: connect as the owner.', {
    cause: error,
  });
}

function decodeState([, stream, state, maxCount, maxAgeSeconds, truncateBefore, custom]: StateRow): StreamState {
  return {
    stream,
    deleted: state === 1,
    tombstoned: state === 2,
    metadata: {
      ...(maxCount !== null && { maxCount: Number(maxCount) }),
      ...(maxAgeSeconds !== null && { maxAgeSeconds }),
      ...(truncateBefore !== '0' && { truncateBefore: BigInt(truncateBefore) }),
      ...(custom !== null && { custom }),
    },
  };
}

/** The parameters of es.import_events, in its order. */
function encodeImport(events: readonly ImportedEvent[], keys: readonly (bigint | null)[]): unknown[] {
  const streams = new Map<string, number>();
  const numbers = events.map(({ stream }) => {
    const number = streams.get(stream) ?? streams.size + 1;
    streams.set(stream, number);
    return number;
  });
  const { offsets, metadataSizes, payload } = layOut(events, keys);
  return [
    [...streams.keys()],
    numbers,
    events.map(({ revision }) => revision.toString()),
    events.map(({ recordedAt }) => recordedAt.getTime()),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ contentType }) => contentType === 'json'),
    offsets,
    events.map(({ data }) => data.byteLength),
    metadataSizes,
    arrayText(keys),
    payload,
  ];
}
