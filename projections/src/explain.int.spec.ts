import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AuditQuery, parseAuditQuery } from '@palimpsest/domain';
import pg from 'pg';
import { AuditQueries } from './audit-queries.js';
import { DirectoryQueries } from './directory-queries.js';
import { directoryProjector } from './directory-projector.js';
import { ItemQueries } from './item-queries.js';
import { RunQueries } from './run-queries.js';
import { generateAudit, generateAuditDirectory, generatedId } from './testing/generated-audit.js';
import { runsProjector } from './runs-projector.js';
import { TestLog } from './testing/test-log.js';

/** Tables that grow with what people do: none may be read from its beginning to its end for a question. */
const GROWING = [
  'audit_entry',
  'file',
  'folder',
  'run',
  'workspace',
  'member',
  'hand_in',
  'item_member',
  'item_extension',
];

/** What stands in for the pool: explains each reading statement before it is carried out. */
class ExplainingPool {
  readonly plans: string[] = [];

  constructor(private readonly pool: pg.Pool) {}

  async query(what: string | pg.QueryConfig, values?: unknown[]): Promise<unknown> {
    return this.#explained(this.pool, what, values);
  }

  async connect(): Promise<unknown> {
    const client = await this.pool.connect();
    return {
      query: (what: string | pg.QueryConfig, values?: unknown[]) => this.#explained(client, what, values),
      release: (error?: Error) => client.release(error),
    };
  }

  async #explained(on: pg.Pool | pg.PoolClient, what: string | pg.QueryConfig, values?: unknown[]): Promise<unknown> {
    const text = typeof what === 'string' ? what : what.text;
    const given = values ?? (typeof what === 'string' ? [] : (what.values ?? []));
    if (/^\s*(select|with)/.test(text)) {
      const { rows } = await on.query<{ 'QUERY PLAN': string }>(`explain ${text}`, given as unknown[]);
      this.plans.push(`${text}\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`);
    }
    return on.query(text, given as unknown[]);
  }
}

/** A school of some years: people, courses, workspaces, files, runs and what was handed in. */
const SCHOOL = /* sql */ `
  insert into read.member select ${id(1, 'c')}, ${id(0, 'p')}, 'student'
    from generate_series(0, 39) c, generate_series(0, 1999) p where p % 40 = c or (p + 1) % 40 = c;
  insert into read.item (id, course, section, kind, title, material, groups, times, published_at)
    select ${id(5, 'n')}, ${id(1, 'n % 40')}, 'one', 'assignment', 'Exercise', ${id(6, 'n')}, true, '{}', now() from generate_series(0, 399) n;
  insert into read.workspace select ${id(4, 'n')}, ${id(1, 'n % 40')}, ${id(0, 'n % 2000')}, case when n < 2000 then 'personal' else 'copy' end,
    'Workspace', now(), case when n < 2000 then null else ${id(5, 'n % 400')} end from generate_series(0, 19999) n;
  insert into read.file select ${id(3, 'n')}, ${id(4, 'n % 20000')}, 'file' || n, 'text', now() from generate_series(0, 99999) n;
  insert into read.folder select ${id(4, 'n')}, 'data' from generate_series(0, 19999) n;
  insert into read.run (id, workspace, course, requested_by, mode, entry, entry_file, state, outcome, requested_at)
    select ${id(7, 'n')}, ${id(4, 'n % 20000')}, ${id(1, 'n % 40')}, ${id(0, 'n % 2000')}, 'script', 'main.py', ${id(3, 'n')}, 'finished', 'exited',
      now() - n * interval '1 second' from generate_series(0, 99999) n;
  insert into read.item_group select ${id(5, 'n % 400')}, ${id(8, 'n')}, 'Group' from generate_series(0, 3999) n;
  insert into read.item_member select ${id(5, 'n % 400')}, ${id(0, 'n / 10')}, ${id(8, 'n % 4000')} from generate_series(0, 19999) n
    on conflict do nothing;
  insert into read.item_extension select ${id(5, 'n % 400')}, ${id(0, 'n / 10')}, 0 from generate_series(0, 19999) n on conflict do nothing;
  insert into read.hand_in select ${id(9, 'n')}, ${id(4, 'n')}, 1, ${id(5, 'n % 400')}, ${id(0, 'n % 2000')}, 0, false, null, '', 1
    from generate_series(2000, 19999) n;
  analyze;`;

function id(kind: number, n: string): string {
  return `(lpad('${kind}', 8, '0') || '-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
}

const at = (kind: number, n: number) =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

function read(text: string): AuditQuery {
  const parsed = parseAuditQuery(text);
  if (!parsed.ok) throw new Error(parsed.mistake.message);
  return parsed.query;
}

describe('every query has its index', () => {
  let log: TestLog;
  let pool: ExplainingPool;

  beforeAll(async () => {
    log = await TestLog.start();
    await log.rebuild(directoryProjector);
    await log.rebuild(runsProjector);
    const owner = new pg.Client({ connectionString: log.database.url });
    await owner.connect();
    await generateAudit(owner, 150_000);
    await generateAuditDirectory(owner);
    await owner.query(SCHOOL);
    await owner.end();
    pool = new ExplainingPool(log.pool);
  }, 180_000);
  afterAll(() => log.stop());

  async function readsNoTableWhole(ask: (pool: pg.Pool) => Promise<unknown>): Promise<void> {
    pool.plans.length = 0;
    await ask(pool as unknown as pg.Pool);
    expect(pool.plans.length).toBeGreaterThan(0);
    for (const plan of pool.plans)
      for (const table of GROWING) expect(plan).not.toMatch(new RegExp(`Seq Scan on ${table}\\b`));
  }

  it('the test itself would see a table read whole', async () => {
    const whole = (one: pg.Pool) => one.query('select count(*) from read.audit_entry where revision = 7');
    await expect(readsNoTableWhole(whole)).rejects.toThrow('Seq Scan on audit_entry');
  });

  it.each([
    '',
    'actor:person1',
    'actor:person1,person2',
    'actor:person19*',
    'actor:system',
    '-actor:system',
    'affected:person9',
    'action:run.request',
    'action:account.role',
    'action:sign-in.*',
    '-action:file.*',
    'type:LogQueried',
    'type:Run*',
    'outcome:refused',
    'outcome:limited,refused',
    'origin:cli',
    'origin:api',
    'address:10.3.0.3',
    'address:10.3.0.0/24',
    'address:192.168.0.0/16',
    `session:${generatedId('session', 7_000)}`,
    'course:"Course 7"',
    `file:${generatedId('file', 700)}`,
    'object:main.py',
    'object:rare1.py',
    'object:none.py',
    'rare1',
    'nowhere',
    '"wrong password"',
    'on:2026-03-01',
    'after:2026-06-01 before:2026-06-02 actor:person1',
    'actor:person1 action:run.request',
    'course:"Course 7" outcome:refused',
    'course:"Course 7" rare2',
    'actor:person1 affected:person9',
    'actor:person1 object:none.py',
    'outcome:refused -origin:web',
  ])('of the audit log: %s', async (text) => {
    const filter = { query: read(text), now: Date.parse('2026-12-31') };
    await readsNoTableWhole(async (one) => {
      const queries = new AuditQueries(one);
      const first = await queries.page({ ...filter, limit: 100 });
      if (first.next !== undefined) await queries.page({ ...filter, limit: 100, before: 20_000 });
      await queries.histogram(filter);
    });
  });

  it('of looks', () => readsNoTableWhole((one) => new AuditQueries(one).looksAt(generatedId('person', 5), 50)));

  const [person, course, workspace, file, item] = [at(0, 7), at(1, 7), at(4, 2_007), at(3, 7), at(5, 7)];
  it.each<[string, (queries: DirectoryQueries) => Promise<unknown>]>([
    ['person', (queries) => queries.person(person)],
    ['personByUsername', (queries) => queries.personByUsername('person7')],
    ['people', (queries) => queries.people([person])],
    ['coursesOf', (queries) => queries.coursesOf(person)],
    ['courses', (queries) => queries.courses(person)],
    ['courseRole', (queries) => queries.courseRole(course, person)],
    ['members', (queries) => queries.members(course)],
    ['workspacesOfCourse', (queries) => queries.workspacesOfCourse(course, person)],
    ['workspace', (queries) => queries.workspace(workspace)],
    ['personalWorkspacesOf', (queries) => queries.personalWorkspacesOf(person)],
    ['files', (queries) => queries.files(workspace)],
    ['folders', (queries) => queries.folders(workspace)],
    ['file', (queries) => queries.file(file)],
  ])('of the directory: %s', (_, ask) => readsNoTableWhole((one) => ask(new DirectoryQueries(one))));

  it.each<[string, (queries: ItemQueries) => Promise<unknown>]>([
    ['ofCourse', (queries) => queries.ofCourse(course, person)],
    ['personal', (queries) => queries.personal(item, person)],
    ['ofWorkspace', (queries) => queries.ofWorkspace(workspace, person)],
    ['overview', (queries) => queries.overview(item)],
    ['groups', (queries) => queries.groups(item)],
    ['handIns', (queries) => queries.handIns(workspace)],
    ['handIn', (queries) => queries.handIn(at(9, 2_007))],
  ])('of what courses publish: %s', (_, ask) => readsNoTableWhole((one) => ask(new ItemQueries(one))));

  it('of runs', () =>
    readsNoTableWhole(async (one) => {
      const queries = new RunQueries(one);
      await queries.ofWorkspace(workspace, 50);
      await queries.ofWorkspace(workspace, 50, { micros: '1700000000000000', run: at(7, 1) });
      await queries.history({ person }, { onlyErrors: true, courses: [course], limit: 50 });
      await queries.history({ file: at(3, 7) }, { outcome: 'exited', entry: 'main.py', limit: 50 });
      await queries.run(at(7, 1));
    }));
});
