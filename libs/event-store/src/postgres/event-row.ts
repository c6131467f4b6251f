/** How events lie in result rows, and how a page of them is bounded. */
import type { Position, RecordedEvent } from '../event-store.js';
import type { Row } from './read-pool.js';

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

/**
 * A statement for one page out of `source`, a select of rows of es.event (as e) that ends in its own order and limit.
 * `order` repeats that order. Sizes are known without fetching the values, so the cut costs no reading.
 */
export function pageStatement(source: string, order: string): string {
  return `
    select e.position, e.revision, e.event_id, e.type, e.is_json, e.data, e.metadata, e.recorded_at, s.name, e.found
    from (
      select e.*, count(*) over () as found, sum(e.bytes) over (order by ${order}) - e.bytes as bytes_before
      from (${source}) e
    ) e join es.stream s using (stream_no)
    where e.bytes_before < ${PAGE_BYTES}
    order by ${order}`;
}

/** The columns that the source of `pageStatement` selects. */
export const PAGE_COLUMNS = 'e.*, octet_length(e.data) + coalesce(octet_length(e.metadata), 0) as bytes';

export function decodePage(rows: readonly Row[], limit: number): EventPage {
  const found = Number(rows[0]?.[9] ?? 0);
  return { events: rows.map(decodeEvent), complete: found < limit && rows.length === found };
}

type EventRow = [string, string, string, string, boolean, Uint8Array, Uint8Array | null, Date, string];

function decodeEvent(row: Row): RecordedEvent {
  const [position, revision, id, type, isJson, data, metadata, recordedAt, stream] = row as unknown as EventRow;
  return {
    stream,
    revision: BigInt(revision),
    position: position as Position,
    id,
    type,
    contentType: isJson ? 'json' : 'binary',
    data,
    ...(metadata && { metadata }),
    recordedAt,
  };
}
