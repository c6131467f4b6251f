import type { Pool } from 'pg';
import { Conditions } from '../conditions.js';
import type { ActivityKind } from './activity-row.js';

/** What others than those whose doing it is do not see, unless they oversee the course. */
const PRIVATE_KINDS: readonly ActivityKind[] = ['limit', 'refusal', 'session', 'connection'];

/** Whose timeline. */
export type ActivityScope =
  { readonly workspace: string } | { readonly person: string } | { readonly person: string; readonly session: string };

export interface ActivityFilter {
  /** None: all. */
  readonly kinds?: readonly ActivityKind[];
  /** Of rows that last, whatever of them lies within. */
  readonly from?: Date;
  readonly until?: Date;
  /** Only what is in these courses. Undefined: everything. */
  readonly courses?: readonly string[];
  /** Of the kinds that are private only what this person did. Undefined: everything. */
  readonly asSeenBy?: string;
  readonly before?: ActivityKey;
  readonly limit: number;
}

/** Place of a row in the order of a timeline: when it began, microseconds since 1970, and its number. */
export interface ActivityKey {
  readonly micros: string;
  readonly entryNo: string;
}

/** Place of a session in the order of a list: when it began, and its id. */
export interface SessionKey {
  readonly micros: string;
  readonly session: string;
}

export interface ActivityEntry {
  readonly entryNo: string;
  readonly micros: string;
  readonly at: Date;
  readonly until: Date | null;
  readonly kind: ActivityKind;
  readonly type: string;
  readonly person: string;
  /** Null: nobody with an account. */
  readonly personName: string | null;
  readonly via: string;
  readonly session: string | null;
  readonly workspace: string | null;
  readonly workspaceName: string | null;
  readonly file: string | null;
  /** Of the file as it is called now. */
  readonly path: string | null;
  readonly run: string | null;
  readonly object: string;
  readonly firstRevision: string | null;
  readonly lastRevision: string | null;
  readonly count: number;
  readonly inserted: number;
  readonly removed: number;
  readonly summary: string;
  readonly detail: object;
}

/** One session of a person, as far as its timeline shows it. */
export interface SessionSummary {
  readonly session: string;
  readonly began: Date;
  readonly beganMicros: string;
  readonly ended: Date;
  /** Whether the last that is known of it is its end. */
  readonly isOver: boolean;
  /** Milliseconds in which the person typed: unbroken stretches, those of several files at once counted once. */
  readonly activeMs: number;
  readonly edits: number;
  readonly inserted: number;
  readonly removed: number;
  /** Files that were edited, made, moved or deleted. */
  readonly files: number;
  readonly runs: number;
  /** Runs in which an exception reached the person, or that did not end by themselves. */
  readonly failedRuns: number;
}

const COLUMNS = `e.entry_no as "entryNo", (extract(epoch from e.at) * 1000000)::bigint::text as micros, e.at, e.until, e.kind,
  e.type, e.person, p.display_name as "personName", e.via, e.session, e.workspace, w.name as "workspaceName", e.file,
  f.path, e.run, e.object, e.first_revision as "firstRevision", e.last_revision as "lastRevision", e.count, e.inserted,
  e.removed, e.summary, e.detail`;

/** Only what has the form of an id is looked up as one: `system` has no account. */
const idOf = (column: string) => `case when ${column} ~ '^[0-9a-f-]{36}$' then ${column}::uuid end`;

const JOINS = `left join read.person p on p.id = ${idOf('e.person')}
  left join read.workspace w on w.id = ${idOf('e.workspace')}
  left join read.file f on f.id = ${idOf('e.file')}`;

function ofScope(scope: ActivityScope): Conditions {
  const conditions = new Conditions();
  if ('workspace' in scope) return conditions.add((workspace) => `e.workspace = ${workspace}`, scope.workspace);
  if ('session' in scope)
    return conditions.add((s, p) => `e.session = ${s} and e.person = ${p}`, scope.session, scope.person);
  return conditions.add((person) => `e.person = ${person}`, scope.person);
}

const MOMENT = (micros: string) => `timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`;

/** Reads of timelines. */
export class ActivityQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first. A row stands where it began, and grows there: it is neither repeated nor left out by paging. */
  async timeline(scope: ActivityScope, filter: ActivityFilter): Promise<ActivityEntry[]> {
    const { kinds, from, until, courses, asSeenBy, before, limit } = filter;
    const where = ofScope(scope);
    if (kinds) where.add((list) => `e.kind = any(${list})`, kinds);
    if (from) where.add((start) => `coalesce(e.until, 'infinity') >= ${start}`, from);
    if (until) where.add((end) => `e.at < ${end}`, until);
    if (courses) where.add((list) => `e.course = any(${list})`, courses);
    if (asSeenBy !== undefined)
      where.add((list, me) => `(e.kind <> all(${list}) or e.person = ${me})`, PRIVATE_KINDS, asSeenBy);
    if (before)
      where.add(
        (micros, no) => `(e.at, e.entry_no) < (${MOMENT(micros)}, ${no}::bigint)`,
        before.micros,
        before.entryNo,
      );
    // The page is cut before names are looked up, so that they are looked up for its rows alone.
    const { rows } = await this.#pool.query<ActivityEntry>(
      `select ${COLUMNS} from (select * from read.activity_entry e where ${where.text}
         order by e.at desc, e.entry_no desc limit ${limit}) e
       ${JOINS} order by e.at desc, e.entry_no desc`,
      where.values,
    );
    return rows;
  }

  /** The sessions of a person, the newest first; only those that began before `before`. `courses` as in a timeline. */
  async sessions(
    person: string,
    { courses, before, limit }: { courses?: readonly string[]; before?: SessionKey; limit: number },
  ): Promise<SessionSummary[]> {
    const { rows } = await this.#pool.query<SessionSummary>(SESSIONS, [
      person,
      courses ?? null,
      before?.micros ?? null,
      before?.session ?? null,
      limit,
    ]);
    return rows;
  }
}

/**
 * `shadowed` is how far the stretches of typing before reach: what of a stretch lies beyond it is new time. A connection that
 * nobody closed and a run that goes on have lasted until their beginning, as far as is known.
 */
const SESSIONS = `
  with own as (
    select e.*, coalesce(e.until, e.at) as known_until from read.activity_entry e
    where e.person = $1 and e.session is not null and ($2::text[] is null or e.course = any($2))
  ), measured as (
    select o.*, max(o.until) filter (where o.kind in ('edit', 'input'))
      over (partition by o.session order by o.at, o.entry_no rows between unbounded preceding and 1 preceding) as shadowed
    from own o
  )
  select session, min(at) as began, (extract(epoch from min(at)) * 1000000)::bigint::text as "beganMicros",
    max(known_until) as ended,
    coalesce(bool_or(type in ('SignedOut', 'SessionExpired', 'SessionRevoked')), false) as "isOver",
    coalesce(sum(extract(epoch from greatest(until - greatest(at, shadowed), interval '0')))
      filter (where kind in ('edit', 'input')), 0)::float8 * 1000 as "activeMs",
    coalesce(sum(count) filter (where kind = 'edit'), 0)::int as edits,
    sum(inserted)::int as inserted, sum(removed)::int as removed,
    count(distinct file) filter (where kind in ('edit', 'file'))::int as files,
    count(*) filter (where kind = 'run')::int as runs,
    count(*) filter (where kind = 'run' and ((detail->>'errors')::int > 0
      or detail->>'outcome' not in ('exited', 'cancelled')))::int as "failedRuns"
  from measured group by session
  having $3::bigint is null
    or (min(at), session) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::text)
  order by min(at) desc, session desc limit $5`;
