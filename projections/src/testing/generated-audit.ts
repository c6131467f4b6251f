import type { ClientBase } from 'pg';
import { AUDIT_DDL, AUDIT_INDEX_DDL } from '../audit-tables.js';

/** People and courses of a generated log. */
const PEOPLE = 2_000;
const COURSES = 40;
/** When the first row was made, and the last: a year of lessons. */
export const GENERATED_FROM = '2026-01-01T00:00:00Z';
const GENERATED_SECONDS = 365 * 86_400;
/** Rows of one statement. */
const BATCH = 250_000;
/** So many are drawn; more of them are the same work again, later. */
const DRAWN_MOST = 1_000_000;

/** The id of generated person (or course, `kind` 1; or session, file) number `n`, as SQL. */
const idOf = (kind: number, n: string) =>
  `(lpad('${kind}', 8, '0') || '-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/** The same in JavaScript. */
export function generatedId(kind: 'person' | 'course' | 'session' | 'file', n: number): string {
  const number = { person: 0, course: 1, session: 2, file: 3 }[kind];
  return `${String(number).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/**
 * How often each type is in a log of lessons, in ten thousands: most are edits, of which a row is a minute, and what runs
 * write. Some occur a few times in a million.
 */
const TYPES: readonly (readonly [type: string, outcome: string, via: string, weight: number, summary: string])[] = [
  ['FileEdited', 'ok', 'websocket', 4_500, 'edits'],
  ['OutputEmitted', 'ok', 'executor', 1_700, 'output: Hello'],
  ['RunRequested', 'ok', 'web', 800, 'run requested, 3 files'],
  ['RunStarted', 'ok', 'executor', 800, 'run started, sandbox full'],
  ['RunFinished', 'ok', 'executor', 620, 'run ended'],
  ['RunFinished', 'error', 'executor', 150, 'run ended with exit code 1'],
  ['RunFinished', 'limited', 'executor', 30, 'run stopped: 30 s (cpu) used up'],
  ['ErrorRaised', 'error', 'executor', 300, 'ZeroDivisionError raised at main.py, line 3: division by zero'],
  ['InputProvided', 'ok', 'websocket', 400, 'input: Ada'],
  ['SignedIn', 'ok', 'web', 200, 'signed in (Mozilla/5.0)'],
  ['HistoryViewed', 'ok', 'web', 150, 'history looked at'],
  ['WorkspaceViewed', 'ok', 'web', 150, 'workspace looked at'],
  ['FileCreated', 'ok', 'web', 100, 'file made'],
  ['WorkHandedIn', 'ok', 'web', 30, 'handed in: 3 files'],
  ['SignInRefused', 'refused', 'web', 30, 'sign-in refused: wrong-password'],
  ['AccessRefused', 'refused', 'web', 20, 'refused: read the audit log'],
  ['LimitReached', 'limited', 'web', 15, 'limit reached: 10 runs a minute'],
  ['LogQueried', 'ok', 'web', 4, 'log queried'],
  ['ModuleAllowed', 'ok', 'api', 0.5, 'subprocess allowed to programs'],
  ['UserRoleChanged', 'ok', 'web', 0.4, 'role changed from student to assistant'],
  ['PasswordChanged', 'ok', 'cli', 0.1, 'password set by administrator'],
];

/** Each with the share of the log that is its own and those before it: what a number from 0 to 1 chooses. */
function typeTable(): string {
  const sum = TYPES.reduce((so, [, , , weight]) => so + weight, 0);
  let until = 0;
  return TYPES.map(([type, outcome, via, weight, summary]) => {
    const from = until;
    until += weight / sum;
    return `(${from}::float8, ${until}::float8, '${type}', '${outcome}', '${via}', '${summary}')`;
  }).join(', ');
}

/**
 * Rows of a log of `$2 - $1 + 1` entries, as the projector would write them: people who work much and little, each in a course;
 * half of them in main.py; what belongs together is near each other in time.
 */
const INSERT = `
  insert into read.audit_entry
    (event_id, at, revision, subject_id, session_id, course_id, workspace_id, file_id, type, outcome, actor_id, actor_role, via,
     stream, position, object_kind, object_id, object, summary, address, words)
  select gen_random_uuid(), timestamptz '${GENERATED_FROM}' + make_interval(secs => n * $3::float8), n % 1000,
    case when by_system then ${idOf(0, 'person')} when type in ('HistoryViewed', 'WorkspaceViewed', 'UserRoleChanged') then ${idOf(0, 'other')} end,
    case when not by_system then ${idOf(2, 'person * 1000 + n / 500000')} end,
    ${idOf(1, `person % ${COURSES}`)}, ${idOf(4, 'person')},
    case when type in ('FileEdited', 'FileCreated', 'HistoryViewed', 'RunRequested') then ${idOf(3, 'person * 10 + file')} end,
    type, outcome, case when by_system then 'system' else ${idOf(0, 'person')}::text end,
    case when by_system then 'system' when person < 40 then 'professor' else 'student' end, via,
    'file-' || ${idOf(3, 'person * 10 + file')}, n::text, 'file', ${idOf(3, 'person * 10 + file')}::text, object, summary,
    case when not by_system then ('10.' || person % 8 || '.' || person / 250 || '.' || person % 250)::inet end,
    (case when rare then 'rare' || n % 50 when file = 0 then 'main' else 'exercise' || file end || ':1A py:1A')::tsvector
      || array_to_tsvector(string_to_array(trim(regexp_replace(lower(summary), '[^a-z0-9]+', ' ', 'g')), ' '))
  from (
    select n, person, other, file, type, outcome, via, rare, via = 'executor' as by_system,
      case when rare then 'rare' || n % 50 || '.py' when file = 0 then 'main.py' else 'exercise' || file || '.py' end as object,
      summary
    from (
      select n, random() as r, floor(${PEOPLE} * random() ^ 2)::int as person, floor(${PEOPLE} * random())::int as other,
        case when random() < 0.5 then 0 else 1 + floor(9 * random())::int end as file, random() < 0.00002 as rare
      from generate_series($1::bigint, $2::bigint) as n
      offset 0
    ) as drawn
    join (values ${typeTable()}) as t (from_share, until_share, type, outcome, via, summary)
      on r >= from_share and r < until_share
  ) as made
  order by made.n`;

/** Rows after `$1` and up to `$2`, so many seconds later. */
const AGAIN = `
  insert into read.audit_entry
    (event_id, at, revision, subject_id, session_id, course_id, workspace_id, file_id, type, outcome, actor_id, actor_role, via,
     stream, position, object_kind, object_id, object, summary, address, words)
  select gen_random_uuid(), at + make_interval(secs => $3), revision, subject_id, session_id, course_id, workspace_id, file_id,
    type, outcome, actor_id, actor_role, via, stream, position, object_kind, object_id, object, summary, address, words
  from read.audit_entry where entry_no > $1 and entry_no <= $2 order by entry_no`;

const COUNTS = `
  insert into read.audit_hour select date_trunc('hour', at, 'UTC'), min(entry_no), max(entry_no) from read.audit_entry group by 1;
  insert into read.audit_count select date_trunc('hour', at, 'UTC'), type, outcome, count(*) from read.audit_entry group by 1, 2, 3;
  insert into read.audit_kind select distinct type, outcome, via, actor_role from read.audit_entry;
  insert into read.audit_name select ${idOf(0, 'n')}::text, 'Person ' || n from generate_series(0, ${PEOPLE - 1}) n;
  insert into read.audit_name select ${idOf(1, 'n')}::text, 'Course ' || n from generate_series(0, ${COURSES - 1}) n;`;

const DIRECTORY = `
  insert into read.person (id, username, display_name, role)
  select ${idOf(0, 'n')}, 'person' || n, 'Person ' || n, 'student' from generate_series(0, ${PEOPLE - 1}) n;
  insert into read.course (id, title) select ${idOf(1, 'n')}, 'Course ' || n from generate_series(0, ${COURSES - 1}) n;`;

/** The statements of the tables' shape: those that make tables, and those that make indexes. */
function statements(): { readonly tables: string[]; readonly indexes: string[] } {
  const all = `${AUDIT_DDL}${AUDIT_INDEX_DDL}`
    .replace(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const isIndex = (statement: string) => /^create (unique )?index/.test(statement);
  return { tables: all.filter((one) => !isIndex(one)), indexes: all.filter(isIndex) };
}

export interface GeneratedAudit {
  readonly rows: number;
  /** Of the rows alone, and of the indexes, milliseconds. */
  readonly insertMs: number;
  readonly indexMs: number;
}

/**
 * Puts a generated audit log in the place of the read model, in a database that has nothing else in schema `read`: rows first,
 * indexes then. Stops adding rows when `mostMs` are over.
 */
export async function generateAudit(
  client: ClientBase,
  rows: number,
  { mostMs = Infinity, say = (_: string) => undefined as void } = {},
): Promise<GeneratedAudit> {
  const { tables, indexes } = statements();
  await client.query(
    'drop table if exists read.audit_entry, read.audit_name, read.audit_hour, read.audit_count, read.audit_kind',
  );
  await client.query(
    "set search_path = read; set maintenance_work_mem = '1GB'; set synchronous_commit = off; select setseed(0.42)",
  );
  for (const table of tables)
    await client.query(table.replace(/^create table audit_entry/, 'create unlogged table audit_entry'));
  const started = performance.now();
  let made = 0;
  const drawn = Math.min(rows, DRAWN_MOST);
  while (made < rows && performance.now() - started < mostMs) {
    const until = Math.min(rows, made + BATCH);
    const seconds = GENERATED_SECONDS / rows;
    if (made < drawn) await client.query(INSERT, [made + 1, until, seconds]);
    else await client.query(AGAIN, [made % drawn, (made % drawn) + until - made, (made - (made % drawn)) * seconds]);
    made = until;
  }
  const insertMs = performance.now() - started;
  say(`${made.toLocaleString('en')} rows`);
  for (const index of indexes) await client.query(index);
  const indexMs = performance.now() - started - insertMs;
  await client.query(COUNTS);
  await client.query('vacuum analyze read.audit_entry; ').catch(() => undefined);
  await client.query('analyze read.audit_count');
  await client.query('analyze read.audit_hour');
  await client.query('set search_path = public');
  return { rows: made, insertMs, indexMs };
}

/** The people and courses of a generated log, in a directory that is empty. */
export async function generateAuditDirectory(client: ClientBase): Promise<void> {
  await client.query(DIRECTORY);
}
