import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actionOf, type AuditQuery, type AuditTerm, parseAuditQuery, rangeOfQuery, wordsOf } from '@palimpsest/domain';
import pg from 'pg';
import { AuditQueries, type AuditRow, COUNT_MOST } from './audit-queries.js';
import { generateAudit, generateAuditDirectory, generatedId } from './testing/generated-audit.js';
import { TestLog } from './testing/test-log.js';

/** Enough for several slices of the walk. */
const ROWS = 30_000;
const NOW = Date.parse('2026-12-31T00:00:00Z');

function read(text: string): AuditQuery {
  const parsed = parseAuditQuery(text);
  if (!parsed.ok) throw new Error(parsed.mistake.message);
  return parsed.query;
}

/** What a query means, said a second time, without indexes, slices or SQL. */
function holds(row: AuditRow, { key, isNegated, values }: AuditTerm): boolean {
  if (key === 'after' || key === 'before' || key === 'on') return true;
  return isNegated !== values.some(({ text, isPrefix }) => fits(row, key, text, isPrefix));
}

function fits(row: AuditRow, key: AuditTerm['key'], text: string, isPrefix: boolean): boolean {
  const like = (value: string | null) => value !== null && (isPrefix ? value.startsWith(text) : value === text);
  const person = (id: string | null) => (id !== null && like(usernameOf(id))) || id === text;
  switch (key) {
    case 'actor':
      return person(row.actorId);
    case 'affected':
      return person(row.subjectId);
    case 'action':
      return like(actionOf(row.type));
    case 'type':
      return like(row.type);
    case 'outcome':
      return row.outcome === text;
    case 'origin':
      return row.via === text;
    case 'session':
      return row.session === text;
    case 'file':
      return row.file === text;
    case 'course':
      return row.course === text || (row.courseName !== null && like(row.courseName));
    case 'address':
      return text.endsWith('/16') ? row.address?.startsWith(text.slice(0, 5)) === true : row.address === text;
    case 'object':
      return like(row.object);
    case 'text': {
      const words = new Set(wordsOf(`${row.object} ${row.summary}`));
      const wanted = wordsOf(text);
      return wanted.every((word, n) =>
        isPrefix && n === wanted.length - 1 ? [...words].some((one) => one.startsWith(word)) : words.has(word),
      );
    }
    default:
      return false;
  }
}

/** The rows in their order, for lists that are too long to be compared in all their parts. */
const numbers = (rows: readonly AuditRow[]) => rows.map(({ entryNo }) => entryNo).join(' ');

function usernameOf(id: string): string {
  return id.includes('-') ? `person${parseInt(id.slice(-12), 16)}` : id;
}

describe('queries of the audit log', () => {
  let log: TestLog;
  let queries: AuditQueries;
  let all: AuditRow[];

  beforeAll(async () => {
    log = await TestLog.start();
    const owner = new pg.Client({ connectionString: log.database.url });
    await owner.connect();
    await generateAudit(owner, ROWS);
    await generateAuditDirectory(owner);
    await owner.end();
    queries = new AuditQueries(log.pool);
    all = [];
    for await (const rows of queries.all({ query: [], now: NOW })) all.push(...rows);
  }, 120_000);
  afterAll(() => log.stop());

  async function everyPage(query: AuditQuery, limit: number): Promise<AuditRow[]> {
    const found: AuditRow[] = [];
    let before: number | undefined;
    do {
      const page = await queries.page({ query, now: NOW, limit, ...(before !== undefined && { before }) });
      expect(page.searchedUntil).toBeUndefined();
      found.push(...page.rows);
      before = page.next;
    } while (before !== undefined);
    return found;
  }

  it('without a term have every row, newest first', async () => {
    const { rows } = await log.pool.query<{ no: string }>(
      'select entry_no as no from read.audit_entry order by 1 desc',
    );
    expect(all.map(({ entryNo }) => entryNo)).toEqual(rows.map(({ no }) => no));
    expect(all).toHaveLength(ROWS);
  });

  const session = generatedId('session', 1_000_000); // nobody's
  it.each([
    'actor:person0',
    'actor:person1999',
    'actor:person1*',
    'actor:person3,person4,system',
    'actor:nobody',
    `actor:${generatedId('person', 7)}`,
    '-actor:system',
    '-actor:nobody actor:person5',
    'affected:person9',
    '-affected:person*',
    'action:run.request',
    'action:sign-in.*',
    'action:file.create,course.*',
    '-action:file.*,run.*',
    'type:LogQueried',
    'type:Run*',
    'outcome:refused',
    'outcome:refused,limited',
    'outcome:ok actor:person0',
    'origin:cli',
    'origin:api,cli',
    `session:${session}`,
    'course:"Course 3"',
    'course:"Course 1"*',
    `file:${generatedId('file', 20)}`,
    'address:10.3.0.3',
    'address:10.3.0.0/16',
    '-address:10.3.0.0/16 origin:web',
    'object:main.py',
    'object:exercise*',
    'object:rare7.py',
    'object:none.py',
    '"division by zero"',
    'divi*',
    'rare7',
    'zero main',
    '"no such words"',
    '-main -exercise* -output',
    'on:2026-03-01',
    'after:2026-11-01 before:2026-11-03T12:30',
    'before:2026-01-02 actor:person0',
    'after:2999-01-01',
    'before:2026-01-01',
    'actor:person0 action:run.finish outcome:error',
    'actor:person0 origin:executor',
    'course:"Course 3" outcome:refused after:2026-06-01',
    'object:main.py outcome:error address:10.3.0.0/16',
    'action:account.role actor:person1,person2,person3,person4,person5',
  ])('%s', async (text) => {
    const query = read(text);
    const { from = -Infinity, until = Infinity } = rangeOfQuery(query, NOW);
    const expected = all.filter(
      (row) => row.at.getTime() >= from && row.at.getTime() < until && query.every((term) => holds(row, term)),
    );
    const found: AuditRow[] = [];
    for await (const rows of queries.all({ query, now: NOW })) found.push(...rows);
    expect(found.slice(0, 20)).toEqual(expected.slice(0, 20));
    expect(numbers(found)).toBe(numbers(expected));
    expect(numbers(await everyPage(query, 500))).toBe(numbers(expected));
    const { total, isComplete, buckets } = await queries.histogram({ query, now: NOW });
    // Hours are counted whole.
    const isWhole = [from, until].every((at) => !Number.isFinite(at) || at % 3_600_000 === 0);
    if (isWhole && expected.length < COUNT_MOST) expect([total, isComplete]).toEqual([expected.length, true]);
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(total);
  });

  it('in pages of one neither repeat nor miss anything', async () => {
    const query = read('outcome:refused action:access.refuse on:2026-02-01');
    const expected = all.filter((row) => row.type === 'AccessRefused' && row.at.toISOString().startsWith('2026-02-01'));
    const found: AuditRow[] = [];
    for await (const rows of queries.all({ query, now: NOW })) found.push(...rows);
    expect(found).toEqual(expected);
    expect(await everyPage(query, 1)).toEqual(expected);
  });

  it('of which everything is read give their connection back when they are left', async () => {
    for (let n = 0; n < 20; n++)
      for await (const rows of queries.all({ query: [], now: NOW })) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
    expect([log.pool.totalCount - log.pool.idleCount, log.pool.waitingCount]).toEqual([0, 0]);
  });

  it('whose time is over say how far they have looked, and go on from there', async () => {
    // Nobody may look at a row as long as this is held, so every statement runs out of its time.
    const owner = new pg.Client({ connectionString: log.database.url });
    await owner.connect();
    await owner.query('begin; lock table read.audit_entry in access exclusive mode');
    const locked = queries.page({ query: read('actor:person0 before:2999-01-01'), now: NOW, limit: 10 });
    const page = await Promise.race([locked, new Promise((resolve) => setTimeout(resolve, 4_000, 'late'))]);
    await owner.query('rollback');
    await owner.end();
    expect(page === 'late' || (page as { rows: unknown[] }).rows.length === 0).toBe(true);
    expect(await locked).toMatchObject({ rows: [], next: ROWS + 1, searchedUntil: undefined });
    expect(await everyPage(read('actor:person0'), 500)).toEqual(
      all.filter(({ actorId }) => actorId === generatedId('person', 0)),
    );
  }, 20_000);
});
