import type { ClientBase } from 'pg';
import type { AuditCondition } from './audit-conditions.js';

/** Entries of the first slice; each further one that is nearly empty is longer by the factor. */
const FIRST_SLICE = 20_000;
const FACTOR = 8;
/** The same where the index of words is asked, which gives all of the log at the cost of any part. */
const ALL = FACTOR ** 6;

/** Entries of the log, both included. */
export interface EntryRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Theory of operation. A page is the newest entries that match. There are two plans for it, and each is ruinous for the
 * other's case: going down the order of the log until there are enough, which for a filter that matches nothing reads all of
 * it; and fetching everything that the indexes of the filter have to sort it, which for a filter that matches most of the log
 * fetches most of it. A planner decides by how frequent each value is and does not know how they go together.
 *
 * So the log is walked in slices of its order, the newest first. The first is short, and read down its order: whatever is
 * frequent is found there. A slice that gave too little says that the filter is rare, so the next one is longer and is asked
 * of the indexes, of which each can be entered at the slice's bounds: what is fetched is at most in the proportion of the one
 * before, and what no index has at all costs an empty look. After a slice with plenty the next one is short again.
 */
export class AuditWalk<Row extends { readonly entryNo: string }> {
  #last: number;
  #slice = FIRST_SLICE;
  /** As the transaction has it. */
  #bitmaps = true;

  /** `columns`: a select list of `audit_entry e` with `"entryNo"`. */
  constructor(
    private readonly client: ClientBase,
    private readonly columns: string,
    private readonly condition: AuditCondition,
    private readonly range: EntryRange,
  ) {
    this.#last = condition.isNever ? range.first - 1 : range.last;
  }

  /** Everything that matches has been given. */
  get isDone(): boolean {
    return this.#last < this.range.first;
  }

  /** The newest entry that has not been looked at. */
  get next(): number {
    return this.#last;
  }

  /** At most `limit` of the next slice's entries that match, newest first; maybe none. A walk that failed can go on. */
  async step(limit: number): Promise<Row[]> {
    const first = Math.max(this.range.first, this.#last - this.#slice + 1);
    const rows = await this.#read(first, limit);
    const isFull = rows.length === limit;
    this.#last = isFull ? Number(rows.at(-1)?.entryNo) - 1 : first - 1;
    this.#slice = isFull
      ? Math.max(FIRST_SLICE, this.#slice / FACTOR)
      : this.#slice * (this.condition.hasWords ? ALL : FACTOR);
    return rows;
  }

  async #useBitmaps(isWanted: boolean): Promise<void> {
    if (isWanted === this.#bitmaps) return;
    await this.client.query(`set local enable_bitmapscan = ${isWanted ? 'on' : 'off'}`);
    this.#bitmaps = isWanted;
  }

  async #read(first: number, limit: number): Promise<Row[]> {
    const { parts, values, isOneKey } = this.condition;
    const isInOrder = this.#slice === FIRST_SLICE || isOneKey || parts.length === 0;
    const at = values.length;
    // Words that go together look rarer to the planner than they are: down the order is what this slice is for.
    await this.#useBitmaps(this.#slice > FIRST_SLICE);
    const { rows } = await this.client.query<Row>(
      `select ${this.columns} from read.audit_entry e
       where ${['e.entry_no between $' + (at + 1) + ' and $' + (at + 2), ...parts].join(' and ')}
       order by ${isInOrder ? 'e.entry_no' : '(e.entry_no + 0)'} desc limit $${at + 3}`,
      [...values, first, this.#last, limit],
    );
    return rows;
  }
}
