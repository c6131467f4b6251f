import {
  actionOf,
  type AuditOutcome,
  type AuditQuery,
  type AuditRange,
  type AuditValue,
  isId,
  type ObjectKind,
  rangeOfQuery,
} from '@palimpsest/domain';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { type AuditCondition, conditionOf, type EntryKind, type NamesOfQuery, typesOf } from './audit-conditions.js';
import { type AuditHistogram, histogramOf, type HourCount } from './audit-histogram.js';
import { storable } from './audit-projector.js';
import { AuditWalk, type EntryRange } from './audit-walk.js';

export interface AuditFilter {
  readonly query: AuditQuery;
  /** As of when `7d` and `today` count, milliseconds since 1970. */
  readonly now: number;
}

export interface AuditPageFilter extends AuditFilter {
  /** Entries older than this one. */
  readonly before?: number;
  readonly limit: number;
}

export interface AuditRow {
  readonly entryNo: string;
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actorId: string;
  readonly actorName: string | null;
  readonly actorRole: string;
  readonly via: string;
  readonly subjectId: string | null;
  readonly subjectName: string | null;
  readonly session: string | null;
  readonly course: string | null;
  readonly courseName: string | null;
  readonly workspace: string | null;
  readonly file: string | null;
  /** Where the event is: what a proof of the row is about. */
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
  /** Of a row of edits the revision of the last one, and their number. */
  readonly lastRevision: string | null;
  readonly edits: number | null;
  readonly objectKind: ObjectKind;
  readonly objectId: string | null;
  readonly object: string;
  readonly summary: string;
  readonly address: string | null;
}

type StoredRow = Omit<AuditRow, 'action' | 'actorName' | 'subjectName' | 'courseName'>;

export interface AuditPage {
  readonly rows: readonly AuditRow[];
  /** What the next page is asked for with; undefined: there are no older ones. */
  readonly next: number | undefined;
  /** The time was over before the page was full: everything since this moment has been looked through. */
  readonly searchedUntil: Date | undefined;
}

/** A look at something. */
export type LookRow = Pick<
  AuditRow,
  'entryNo' | 'id' | 'at' | 'type' | 'actorId' | 'actorName' | 'actorRole' | 'object'
>;

/** For so long a page or a count looks for more, milliseconds; then it says how far it has got. */
const BUDGET_MS = 2_000;
/** A statement of an export may take so long, milliseconds. */
const EXPORT_STATEMENT_MS = 60_000;
/** Rows of an export in memory. */
const EXPORT_PAGE = 1_000;
/** Entries that are counted one by one at most; more are "more than". */
export const COUNT_MOST = 10_000;

const COLUMNS = `e.entry_no as "entryNo", e.event_id as id, e.at, e.type, e.outcome, e.actor_id as "actorId",
  e.actor_role as "actorRole", e.via, e.subject_id as "subjectId", e.session_id as session, e.course_id as course,
  e.workspace_id as workspace, e.file_id as file, e.stream, e.revision, e.position, e.last_revision as "lastRevision", e.edits,
  e.object_kind as "objectKind", e.object_id as "objectId", e.object, e.summary, host(e.address) as address`;

/** What Postgres says when a statement's time is over. */
function isOutOfTime(error: unknown): boolean {
  return (error as { code?: unknown }).code === '57014';
}

/** Reads of the audit log. */
export class AuditQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first, in the order of the log. Answers within some seconds, whatever is asked for: see `searchedUntil`. */
  async page({ query, now, before, limit }: AuditPageFilter): Promise<AuditPage> {
    return this.#reading(BUDGET_MS, 'read committed', async (client) => {
      const walk = await this.#walk<StoredRow>(client, COLUMNS, query, now, before);
      const stored = await collect(walk, limit, BUDGET_MS);
      await client.query('rollback'); // a statement whose time was over has spoilt the transaction
      const last = stored.at(-1);
      const next = stored.length === limit && last ? Number(last.entryNo) : walk.isDone ? undefined : walk.next + 1;
      const isCutShort = next !== undefined && stored.length < limit;
      return {
        rows: await named(stored, client),
        next,
        searchedUntil: isCutShort ? await timeOf(client, next) : undefined,
      };
    });
  }

  /** Everything that matches, newest first, of one state of the log. Ends and gives its connection back also when it is left. */
  async *all({ query, now }: AuditFilter): AsyncGenerator<readonly AuditRow[]> {
    const client = await this.#pool.connect();
    let failure: Error | undefined;
    try {
      await begin(client, EXPORT_STATEMENT_MS, 'repeatable read');
      const walk = await this.#walk<StoredRow>(client, COLUMNS, query, now, undefined);
      while (!walk.isDone) {
        const stored = await walk.step(EXPORT_PAGE);
        if (stored.length > 0) yield await named(stored, client);
      }
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      await client.query('rollback').catch((error: Error) => (failure ??= error));
      client.release(failure);
    }
  }

  /** How many match, over time: exact from counts where there are any, else of the newest COUNT_MOST. */
  async histogram({ query, now }: AuditFilter): Promise<AuditHistogram> {
    const counted = countable(query);
    if (counted) return histogramOf(await this.#counts(rangeOfQuery(query, now), counted), true);
    return this.#reading(BUDGET_MS, 'read committed', async (client) => {
      const columns = 'e.entry_no as "entryNo", e.at';
      const walk = await this.#walk<{ entryNo: string; at: Date }>(client, columns, query, now, undefined);
      const found = await collect(walk, COUNT_MOST, BUDGET_MS);
      const isComplete = walk.isDone && found.length < COUNT_MOST;
      return histogramOf(
        found.map(({ at }) => ({ at: at.getTime(), count: 1 })),
        isComplete,
      );
    });
  }

  /** Looks of others at what is `subject`'s, newest first; only older ones than `before`. */
  async looksAt(subject: string, limit: number, before?: string): Promise<LookRow[]> {
    const { rows } = await this.#pool.query<LookRow>(
      `select e.entry_no as "entryNo", e.event_id as id, e.at, e.type, e.actor_id as "actorId", a.name as "actorName",
              e.actor_role as "actorRole", e.object
       from read.audit_entry e left join read.audit_name a on a.id = e.actor_id
       where e.subject_id = $1 and e.type in ('HistoryViewed', 'WorkspaceViewed', 'MetricsViewed', 'ActivityViewed') and e.actor_id <> $1::text
         and ($3::bigint is null or e.entry_no < $3::bigint)
       order by e.entry_no desc limit $2`,
      [subject, limit, before ?? null],
    );
    return rows;
  }

  /** Types that occur in the log. */
  async types(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ type: string }>(
      'select distinct type from read.audit_kind order by type',
    );
    return rows.map((row) => row.type);
  }

  async #walk<Row extends { readonly entryNo: string }>(
    client: ClientBase,
    columns: string,
    query: AuditQuery,
    now: number,
    before: number | undefined,
  ): Promise<AuditWalk<Row>> {
    const range = rangeOfQuery(query, now);
    const entries = await entriesIn(client, range);
    const last = Math.min(entries.last, (before ?? Infinity) - 1);
    const names = await namesOf(client, query);
    const kinds = query.some(({ key }) => KEYS_OF_KIND.has(key)) ? await kindsIn(client) : ANY_KIND;
    const condition = withTime(conditionOf(query, names, kinds), range);
    return new AuditWalk<Row>(client, columns, condition, { first: entries.first, last });
  }

  async #counts({ from, until }: AuditRange, { types, outcomes }: Countable): Promise<HourCount[]> {
    const { rows } = await this.#pool.query<{ hour: Date; entries: string }>(
      `select hour, sum(entries) as entries from read.audit_count
       where ($1::timestamptz is null or hour >= date_trunc('hour', $1::timestamptz, 'UTC'))
         and ($2::timestamptz is null or hour < $2)
         and ($3::text[] is null or type = any ($3)) and ($4::text[] is null or outcome = any ($4))
       group by hour order by hour desc`,
      [dateOf(from), dateOf(until), types ?? null, outcomes ?? null],
    );
    return rows.map(({ hour, entries }) => ({ at: hour.getTime(), count: Number(entries) }));
  }

  async #reading<Result>(
    budgetMs: number,
    level: IsolationLevel,
    read: (client: PoolClient) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#pool.connect();
    try {
      await begin(client, budgetMs, level);
      return await read(client);
    } finally {
      await client.query('rollback').then(
        () => client.release(),
        (error: Error) => client.release(error),
      );
    }
  }
}

/** When the entries from this one on were made, as nearly as there is one. */
async function timeOf(client: ClientBase, entry: number): Promise<Date | undefined> {
  const { rows } = await client.query<{ at: Date }>(
    'select at from read.audit_entry where entry_no >= $1 order by entry_no limit 1',
    [entry],
  );
  return rows[0]?.at;
}

type IsolationLevel = 'read committed' | 'repeatable read';

/**
 * Compiling a plan to machine code takes longer than a page may. With the usual memory a set of a million rows forgets which
 * they are, and whole pages of the table are read for it.
 */
async function begin(client: ClientBase, statementMs: number, level: IsolationLevel): Promise<void> {
  await client.query(
    `begin isolation level ${level} read only; set local statement_timeout = ${statementMs}; set local jit = off; set local work_mem = '64MB'`,
  );
}

/** Steps until there are `limit`, nothing is left, or the time is over. */
async function collect<Row extends { readonly entryNo: string }>(
  walk: AuditWalk<Row>,
  limit: number,
  budgetMs: number,
): Promise<Row[]> {
  const end = performance.now() + budgetMs;
  const found: Row[] = [];
  try {
    while (found.length < limit && !walk.isDone && performance.now() < end)
      found.push(...(await walk.step(limit - found.length)));
  } catch (error) {
    if (!isOutOfTime(error)) throw error;
  }
  return found;
}

/** Entries that can lie between two moments: those of the hours in between. */
async function entriesIn(client: ClientBase, { from, until }: AuditRange): Promise<EntryRange> {
  if (from === undefined && until === undefined) return allEntries(client);
  const { rows } = await client.query<{ first: string | null; last: string | null }>(
    `select min(first_entry) as first, max(last_entry) as last from read.audit_hour
     where ($1::timestamptz is null or hour >= date_trunc('hour', $1::timestamptz, 'UTC'))
       and ($2::timestamptz is null or hour < $2)`,
    [dateOf(from), dateOf(until)],
  );
  return { first: Number(rows[0]?.first ?? 1), last: Number(rows[0]?.last ?? 0) };
}

/** The keys of a query for which it says something what has ever occurred together. */
const KEYS_OF_KIND: ReadonlySet<string> = new Set(['actor', 'action', 'type', 'outcome', 'origin']);
const ANY_KIND: readonly EntryKind[] = [{ type: '', outcome: '', via: '', actorRole: '' }];

/** What has ever occurred together. Some hundred rows. */
async function kindsIn(client: ClientBase): Promise<EntryKind[]> {
  const sql = 'select type, outcome, via, actor_role as "actorRole" from read.audit_kind';
  return (await client.query<EntryKind>(sql)).rows;
}

async function allEntries(client: ClientBase): Promise<EntryRange> {
  const { rows } = await client.query<{ last: string | null }>('select max(entry_no) as last from read.audit_entry');
  return { first: 1, last: Number(rows[0]?.last ?? 0) };
}

function dateOf(at: number | undefined): Date | null {
  return at === undefined ? null : new Date(at);
}

function withTime(condition: AuditCondition, { from, until }: AuditRange): AuditCondition {
  const values = [...condition.values];
  const parts = [...condition.parts];
  if (from !== undefined) parts.push(`e.at >= $${values.push(new Date(from))}`);
  if (until !== undefined) parts.push(`e.at < $${values.push(new Date(until))}`);
  return { ...condition, parts, values };
}

/** Who is called by the names in a query. Beginnings match several; what nobody is called is nobody. */
async function namesOf(client: ClientBase, query: AuditQuery): Promise<NamesOfQuery> {
  const valuesOf = (...keys: readonly string[]) =>
    query.flatMap(({ key, values }) => (keys.includes(key) ? values : []));
  const people = await known(client, PEOPLE, valuesOf('actor', 'affected'));
  const courses = await known(client, COURSES, valuesOf('course'));
  return { people: (values) => idsOf(values, people), courses: (values) => idsOf(values, courses) };
}

interface Known {
  readonly id: string;
  readonly name: string;
}

const PEOPLE = `select id::text, lower(username) as name from read.person
  where lower(username) = any ($1) or exists (select from unnest($2::text[]) b where starts_with(lower(username), b))`;
const COURSES = `select id::text, lower(title) as name from read.course
  where lower(title) = any ($1) or exists (select from unnest($2::text[]) b where starts_with(lower(title), b))`;

async function known(client: ClientBase, sql: string, values: readonly AuditValue[]): Promise<readonly Known[]> {
  const names = values.filter(({ text }) => !isItself(text));
  if (names.length === 0) return [];
  const whole = names.filter(({ isPrefix }) => !isPrefix).map(({ text }) => nameIn(text));
  const beginnings = names.filter(({ isPrefix }) => isPrefix).map(({ text }) => nameIn(text));
  return (await client.query<Known>(sql, [whole, beginnings])).rows;
}

/** As names are compared. No text of Postgres holds NUL or half a pair of surrogates, so no name does either. */
function nameIn(text: string): string {
  return storable(text.toLowerCase());
}

function isItself(text: string): boolean {
  return isId(text) || text === 'system' || text === 'anonymous';
}

function idsOf(values: readonly AuditValue[], all: readonly Known[]): string[] {
  return values.flatMap(({ text, isPrefix }) => {
    if (isItself(text)) return [text];
    const name = nameIn(text);
    return all.filter((one) => (isPrefix ? one.name.startsWith(name) : one.name === name)).map(({ id }) => id);
  });
}

async function named(stored: readonly StoredRow[], client: Pick<ClientBase, 'query'>): Promise<AuditRow[]> {
  const ids = new Set(stored.flatMap(({ actorId, subjectId, course }) => [actorId, subjectId, course]));
  const { rows } = await client.query<{ id: string; name: string }>(
    'select id, name from read.audit_name where id = any ($1)',
    [[...ids].filter((id) => id !== null)],
  );
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? null));
  return stored.map((row) => ({
    ...row,
    action: actionOf(row.type),
    actorName: nameOf(row.actorId),
    subjectName: nameOf(row.subjectId),
    courseName: nameOf(row.course),
  }));
}

interface Countable {
  /** Undefined: all. */
  readonly types: readonly string[] | undefined;
  readonly outcomes: readonly string[] | undefined;
}

/** What the counts by hour, type and outcome can answer; undefined for a query that asks for more. */
function countable(query: AuditQuery): Countable | undefined {
  let types: readonly string[] | undefined;
  let outcomes: readonly string[] | undefined;
  for (const { key, isNegated, values } of query) {
    if (key === 'after' || key === 'before' || key === 'on') continue;
    if (isNegated) return undefined;
    if (key === 'action' || key === 'type') types = both(types, typesOf({ key, values }));
    else if (key === 'outcome')
      outcomes = both(
        outcomes,
        values.map(({ text }) => text),
      );
    else return undefined;
  }
  return { types, outcomes };
}

function both(one: readonly string[] | undefined, other: readonly string[]): readonly string[] {
  return one === undefined ? other : one.filter((value) => other.includes(value));
}
