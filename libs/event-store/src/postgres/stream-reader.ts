import { StreamDeleted, StreamNotFound } from '../errors.js';
import type { ReadStreamOptions, RecordedEvent } from '../event-store.js';
import { checkLimit, checkRevision, checkStreamName } from '../validation.js';
import { literal } from './binary-copy.js';
import {
  type Bounds,
  decodeShortRow,
  type EventPage,
  nextWindow,
  PAGE_SIZE,
  pageStatement,
  readPage,
  SHORT_PAGE_SIZE,
  shortPageStatement,
  type ShortRow,
} from './event-row.js';
import type { KeptMetadata } from './kept-metadata.js';
import type { ReadPool, Row } from './read-pool.js';

const LIVE = 0;
const TOMBSTONED = 2;

/** What a reader must know of a stream before its first page. */
interface Outline {
  readonly streamNo: bigint;
  readonly state: number;
  /** First revision that deletion, truncation and maxCount leave to see. */
  readonly visibleFrom: bigint;
  readonly maxAgeSeconds: number | null;
  /** -1 if nothing was ever appended. */
  readonly last: bigint;
}

/** Of OUTLINE and `low`. */
const OPENING_COLUMNS = 6;
const OUTLINE = `
  select s.stream_no, s.state, extract(epoch from s.max_age)::float8 as max_age_seconds, l.last, v.visible_from
  from es.stream s
  cross join lateral (
    select coalesce(max(e.revision), -1) as last from es.event e where e.stream_no = s.stream_no) l
  cross join lateral (select greatest(s.born_at, s.truncate_before, l.last + 1 - s.max_count) as visible_from) v
  where s.name = $1`;

/** The outline, and in the same breath the first events from a revision on: for most streams these are all. */
const OPENING = `
  select o.*, p.*
  from (select o.*, least(greatest($2::bigint, o.visible_from), o.last + 1) as low from (${OUTLINE}) o) o
  left join lateral (${shortPageStatement(
    `e.stream_no = o.stream_no and e.revision between o.low and o.low + ${SHORT_PAGE_SIZE - 1}`,
    'e.revision',
  )}) p on o.state = ${LIVE} and o.max_age_seconds is null
  order by p.revision`;

interface Range extends Bounds {
  readonly direction: 'forwards' | 'backwards';
  readonly limit: number;
}

export class StreamReader {
  constructor(
    private readonly pool: ReadPool,
    private readonly kept: KeptMetadata,
  ) {}

  /** The stream as it is when the reading begins. */
  async *read(stream: string, options: ReadStreamOptions): AsyncGenerator<RecordedEvent> {
    const { direction = 'forwards', limit = Infinity, signal } = options;
    checkStreamName(stream);
    checkLimit(options.limit);
    if (typeof options.from === 'bigint') checkRevision(options.from);
    const { outline, first } = await this.open(stream, options, signal);
    if (outline?.state === TOMBSTONED) throw new StreamDeleted(stream);
    if (!outline || outline.state !== LIVE || outline.last < 0n) throw new StreamNotFound(stream);
    for await (const events of this.pages(outline, { ...bounds(outline, options), direction, limit }, first, signal)) {
      for (const event of events) {
        signal?.throwIfAborted();
        yield event;
      }
    }
  }

  /** Visible events after a revision, page by page. A stream without events yields nothing; a tombstoned one throws StreamDeleted. */
  async *history(stream: string, after: bigint, signal: AbortSignal): AsyncGenerator<readonly RecordedEvent[]> {
    const { outline, first } = await this.open(stream, { from: after + 1n }, signal);
    if (!outline) return;
    if (outline.state === TOMBSTONED) throw new StreamDeleted(stream);
    const range: Range = { low: after + 1n, high: outline.last, direction: 'forwards', limit: Infinity };
    yield* this.pages(outline, range, first, signal);
  }

  /** Last revision, -1 if nothing was ever appended. */
  async lastRevision(stream: string, signal: AbortSignal): Promise<bigint> {
    return (await this.outline(stream, signal))?.last ?? -1n;
  }

  /** `first`: what is known of the beginning of the range. */
  private async *pages(
    outline: Outline,
    range: Range,
    first: readonly RecordedEvent[],
    signal?: AbortSignal,
  ): AsyncGenerator<readonly RecordedEvent[]> {
    let low = range.low > outline.visibleFrom ? range.low : outline.visibleFrom;
    let high = range.high < outline.last ? range.high : outline.last;
    let left = range.limit;
    const known = first.filter(({ revision }) => revision <= high).slice(0, left);
    const lastKnown = known.at(-1);
    if (lastKnown) {
      yield known;
      left -= known.length;
      low = lastKnown.revision + 1n;
    }
    while (low <= high && left > 0) {
      const window = nextWindow({ low, high }, range.direction, outline.maxAgeSeconds !== null);
      const limit = Math.min(PAGE_SIZE, left);
      const { events, complete } = await this.page(outline, { ...window, direction: range.direction, limit }, signal);
      yield events;
      left -= events.length;
      const forwards = range.direction === 'forwards';
      const last = events.at(-1);
      const through = complete || !last ? (forwards ? window.high : window.low) : last.revision;
      if (forwards) low = through + 1n;
      else high = through - 1n;
    }
  }

  private async page({ streamNo, maxAgeSeconds }: Outline, range: Range, signal?: AbortSignal): Promise<EventPage> {
    const { low, high, direction, limit } = range;
    const order = direction === 'forwards' ? 'e.revision' : 'e.revision desc';
    const conditions = [
      `e.stream_no = ${literal(streamNo)}`,
      `e.revision between ${literal(low)} and ${literal(high)}`,
    ];
    if (maxAgeSeconds !== null)
      conditions.push(`e.recorded_at > now() - make_interval(secs => ${literal(maxAgeSeconds)})`);
    const statement = pageStatement(conditions.join(' and '), order, limit);
    return readPage(this.pool, this.kept, statement, limit, signal);
  }

  private async outline(stream: string, signal?: AbortSignal): Promise<Outline | undefined> {
    const [row] = await this.pool.read(OUTLINE, [stream], signal, 'stream outline');
    return row && decodeOutline(row);
  }

  /** The outline, and forwards the first few events as well. */
  private async open(
    stream: string,
    { from = 0n, direction }: ReadStreamOptions,
    signal?: AbortSignal,
  ): Promise<{ readonly outline: Outline | undefined; readonly first: readonly RecordedEvent[] }> {
    if (direction === 'backwards' || from === 'end') return { outline: await this.outline(stream, signal), first: [] };
    const values = [stream, from === 'start' ? '0' : from.toString()];
    const rows = await this.pool.read(OPENING, values, signal, 'stream opening');
    const [row] = rows;
    const first = rows.map((one) => one.slice(OPENING_COLUMNS) as ShortRow).filter(([position]) => position !== null);
    return { outline: row && decodeOutline(row), first: first.map((one) => decodeShortRow(one, stream)) };
  }
}

function decodeOutline(row: Row): Outline {
  const [streamNo, state, maxAgeSeconds, last, visibleFrom] = row as [string, number, number | null, string, string];
  return {
    ...{ streamNo: BigInt(streamNo), state, maxAgeSeconds },
    ...{ last: BigInt(last), visibleFrom: BigInt(visibleFrom) },
  };
}

function bounds({ last }: Outline, { from, direction }: ReadStreamOptions): { low: bigint; high: bigint } {
  if (direction === 'backwards')
    return { low: 0n, high: from === 'start' ? 0n : typeof from === 'bigint' ? from : last };
  // Forwards, the end is behind the last event: there is nothing to give.
  return { low: from === 'end' ? last + 1n : typeof from === 'bigint' ? from : 0n, high: last };
}
