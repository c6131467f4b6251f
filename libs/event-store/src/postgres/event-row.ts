/** How events lie in result rows, and how a page of them is bounded. */
import type { Position, RecordedEvent } from '../event-store.js';
import type { CopiedRow } from './binary-copy.js';
import { type KeptMetadata, metadataLost, type Unresolved } from './kept-metadata.js';
import type { ReadPool } from './read-pool.js';

/** Events in a page. */
export const PAGE_SIZE = 500;

/**
 * Bytes after which a page ends early: 4 MiB, plus one event of at most 1 MB. Without it 500 large events would be half a
 * gigabyte in memory for each reader.
 */
const PAGE_BYTES = 4_194_304;

/**
 * Numbers that one statement looks at when conditions may refuse most of them. Bounds the statement's time, and is how
 * often a filtered subscription can move its checkpoint through history.
 */
const SPARSE_WINDOW = 10_000;

/** Positions or revisions, both ends inclusive. */
export interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
}

/**
 * The part of a range to ask for next. Positions and revisions follow each other without gaps, so 500 of them are a page.
 * An open range with a limit would say the same, but without fresh statistics the planner then fetches and sorts all that
 * follows for each page (measured: five times slower at 40,000 events, and growing with the square).
 */
export function nextWindow({ low, high }: Bounds, direction: 'forwards' | 'backwards', sparse: boolean): Bounds {
  const size = BigInt(sparse ? SPARSE_WINDOW : PAGE_SIZE);
  if (high - low < size) return { low, high };
  return direction === 'forwards' ? { low, high: low + size - 1n } : { low: high - size + 1n, high };
}

/** One page: the events, and whether there was nothing more to find. */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  readonly complete: boolean;
}

/** The chosen rows of es.event (as e), each with the bytes of those before it in this order. */
function sized(chosen: string, order: string): string {
  return `
      select e.*, sum(e.bytes) over (order by ${order} rows unbounded preceding) - e.bytes as bytes_before
      from (
        select e.*, octet_length(e.data) + coalesce(octet_length(e.metadata), 0) as bytes
        from es.event e where ${chosen}
      ) e`;
}

/**
 * A select of one page of es.event (as e) in the columns of `decodeEvent`: as many rows that meet the conditions as the
 * limit and PAGE_BYTES allow. Sizes are known without fetching the values, so the cut costs no reading.
 */
export function pageStatement(conditions: string, order: string, limit: number): string {
  return `
    select e.position, e.revision, e.event_id, e.type, e.is_json, e.recorded_at, e.data, e.metadata, e.metadata_key, s.name
    from (${sized(`${conditions} order by ${order} limit ${limit}`, order)}) e join es.stream s using (stream_no)
    where e.bytes_before < ${PAGE_BYTES}
    order by ${order}`;
}

/** A page of which neither bound was reached holds all that there was. */
function pageOf(events: readonly RecordedEvent[], limit: number): EventPage {
  let bytes = 0;
  for (const { data, metadata } of events) bytes += data.byteLength + (metadata?.byteLength ?? 0);
  return { events, complete: events.length < limit && bytes < PAGE_BYTES };
}

/** One page of `statement`, which is a `pageStatement` with this limit. */
export async function readPage(
  pool: ReadPool,
  kept: KeptMetadata,
  statement: string,
  limit: number,
  signal?: AbortSignal,
): Promise<EventPage> {
  const unresolved: Unresolved[] = [];
  const events = await pool.copy(statement, (row) => decodeEvent(row, kept, unresolved), signal);
  await kept.resolve(unresolved, (select, decode) => pool.copy(select, decode, signal));
  return pageOf(events, limit);
}

/** Events in a short page, and bytes after which it ends: what most commands and most wake-ups find. */
export const SHORT_PAGE_SIZE = 16;
const SHORT_PAGE_BYTES = 65_536;

/**
 * A select of the first few events of a range in the columns of `decodeShortRow`, for a prepared statement: planning a page
 * and fetching its metadata takes the server longer than reading one event. `range` must hold no more than SHORT_PAGE_SIZE
 * numbers; `found` is how many of them were there, of which the last may be left out for their bytes.
 */
export function shortPageStatement(range: string, order: string): string {
  return `
    select e.position, e.revision, e.event_id, e.type, e.is_json,
      floor(extract(epoch from e.recorded_at) * 1000)::bigint as recorded_ms, e.data,
      coalesce(e.metadata, (select m.bytes from es.metadata m where m.key = e.metadata_key)) as metadata,
      e.metadata_key, e.stream_no, e.found
    from (select e.*, count(*) over () as found from (${sized(range, order)}) e) e
    where e.bytes_before < ${SHORT_PAGE_BYTES}`;
}

/** As the driver gives them, in the order of `shortPageStatement`. */
export type ShortRow = [
  ...[position: string, revision: string, id: string, type: string, isJson: boolean, recordedMs: string],
  ...[data: Buffer, metadata: Buffer | null, metadataKey: string | null],
];

/** Throws for an event whose metadata is not there. */
export function decodeShortRow(row: ShortRow, stream: string): RecordedEvent {
  const [position, revision, id, type, isJson, recordedMs, data, metadata, metadataKey] = row;
  if (metadataKey !== null && metadata === null) throw metadataLost(stream, BigInt(revision), BigInt(metadataKey));
  return {
    ...{ stream, revision: BigInt(revision), position: position as Position, id, type },
    ...{ contentType: isJson ? 'json' : 'binary', data, recordedAt: new Date(Number(recordedMs)) },
    ...(metadata && { metadata }),
  };
}

/** Reads the columns in the order of `pageStatement`. */
function decodeEvent(row: CopiedRow, kept: KeptMetadata, unresolved: Unresolved[]): RecordedEvent {
  const position = row.bigint().toString() as Position;
  const revision = row.bigint();
  const id = row.uuid();
  const type = row.text();
  const contentType = row.boolean() ? 'json' : 'binary';
  const recordedAt = row.time();
  const data = row.bytea() as Buffer;
  const own = row.bytea();
  const key = row.nullableBigint();
  const stream = row.text();
  const metadata = key === undefined ? own : kept.get(key);
  const event = {
    stream,
    revision,
    position,
    id,
    type,
    contentType,
    data,
    ...(metadata && { metadata }),
    recordedAt,
  } as const;
  if (key !== undefined && !metadata) unresolved.push({ event, key });
  return event;
}
