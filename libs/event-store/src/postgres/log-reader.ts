import type { Filter, ReadAllOptions, RecordedEvent } from '../event-store.js';
import { checkFilter, checkLimit, MAX_BIGINT, parsePosition } from '../validation.js';
import { literal } from './binary-copy.js';
import { isOpen } from '../filter.js';
import { filterConditions } from './event-filter.js';
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
import type { ReadPool } from './read-pool.js';

/** A page of the log. Everything up to `through`, in the direction of reading, has been looked at. */
export interface LogPage {
  readonly events: readonly RecordedEvent[];
  readonly through: bigint;
}

type NextRow = [...ShortRow, streamNo: string, found: string, stream: string];
const SHORT_COLUMNS = 9;
const FOUND_COLUMN = 10;
const STREAM_COLUMN = 11;

/** Positions follow each other without gaps. */
const NEXT_EVENTS = `
  select p.*, s.name
  from (${shortPageStatement(`e.position between $1::bigint + 1 and $1::bigint + ${SHORT_PAGE_SIZE}`, 'e.position')}) p
  join es.stream s using (stream_no)
  order by p.position`;

interface Range extends Bounds {
  readonly direction: 'forwards' | 'backwards';
  readonly filter: Filter | undefined;
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export class LogReader {
  constructor(
    private readonly pool: ReadPool,
    private readonly kept: KeptMetadata,
  ) {}

  /** 0 for an empty log. */
  async head(signal?: AbortSignal): Promise<bigint> {
    const [row] = await this.pool.read('select max(position) from es.event', [], signal, 'head');
    return BigInt((row?.[0] as string | null) ?? 0);
  }

  async epoch(): Promise<string> {
    const [row] = await this.pool.read('select epoch from es.log', [], undefined, 'epoch');
    return row?.[0] as string;
  }

  /** The log as it is when the reading begins: a busy writer cannot keep it from ending. */
  async *read(options: ReadAllOptions): AsyncGenerator<RecordedEvent> {
    const { after, before, direction = 'forwards', limit, filter, signal } = options;
    checkLimit(limit);
    checkFilter(filter);
    const low = after === undefined ? 1n : parsePosition(after) + 1n;
    const end = before === undefined ? MAX_BIGINT : parsePosition(before) - 1n;
    const head = await this.head(signal);
    let left = limit ?? Infinity;
    for await (const page of this.pages(
      { low, high: end < head ? end : head, direction, filter, signal },
      () => left,
    )) {
      for (const event of page.events) {
        signal?.throwIfAborted();
        yield event;
        left--;
      }
    }
  }

  /** History after a position, up to what is committed now; every page says how far it looked. */
  async *history(after: bigint, filter: Filter | undefined, signal: AbortSignal): AsyncGenerator<LogPage> {
    const high = await this.head(signal);
    yield* this.pages({ low: after + 1n, high, direction: 'forwards', filter, signal }, () => Infinity);
  }

  /** What follows a position, if that is not much: the events, and whether there is more. */
  async shortly(after: bigint, signal: AbortSignal): Promise<LogPage & { readonly more: boolean }> {
    const rows = (await this.pool.read(NEXT_EVENTS, [after.toString()], signal, 'next events')) as unknown as NextRow[];
    const events = rows.map((row) => decodeShortRow(row.slice(0, SHORT_COLUMNS) as ShortRow, row[STREAM_COLUMN]));
    const found = Number(rows[0]?.[FOUND_COLUMN] ?? 0);
    const through = BigInt(events.at(-1)?.position ?? after);
    return { events, through, more: found === SHORT_PAGE_SIZE || events.length < found };
  }

  private async *pages(range: Range, left: () => number): AsyncGenerator<LogPage> {
    let { low, high } = range;
    while (low <= high && left() > 0) {
      const window = nextWindow({ low, high }, range.direction, !isOpen(range.filter));
      const limit = Math.min(PAGE_SIZE, left());
      const { events, complete } = await this.page({ ...range, ...window, limit });
      const forwards = range.direction === 'forwards';
      const last = events.at(-1);
      const through = complete || !last ? (forwards ? window.high : window.low) : BigInt(last.position);
      yield { events, through };
      if (forwards) low = through + 1n;
      else high = through - 1n;
    }
  }

  private async page({ low, high, direction, filter, limit = PAGE_SIZE, signal }: Range): Promise<EventPage> {
    const order = direction === 'forwards' ? 'e.position' : 'e.position desc';
    const conditions = [`e.position between ${literal(low)} and ${literal(high)}`];
    if (filter && !isOpen(filter)) conditions.push(filterConditions(filter));
    const statement = pageStatement(conditions.join(' and '), order, limit);
    return readPage(this.pool, this.kept, statement, limit, signal);
  }
}
