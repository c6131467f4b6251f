import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  encodeEvent,
  encodeFileEdited,
  FILE_EDITED,
  toJsonBytes,
  type DomainEvent,
  type Via,
} from '@palimpsest/domain';
import type { ImportedEvent, Position, RecordedEvent } from '@palimpsest/event-store';
import { directoryProjector } from './directory-projector.js';
import { metricsProjector } from './metrics-projector.js';
import { MetricsQueries } from './metrics-queries.js';
import { TestLog } from './testing/test-log.js';

const NINE = Date.UTC(2026, 10, 26, 9);
const RANGE = { from: '2026-11-26', to: '2026-11-26' };

/** An update of Yjs that puts so many letters at the beginning of an empty text. */
function inserting(length: number): Uint8Array {
  const text = 'x'.repeat(length);
  return new Uint8Array([1, 1, 5, 0, 4, 1, 4, ...Buffer.from('text'), length, ...Buffer.from(text), 0]);
}

describe('the metrics of a class', () => {
  const [course, other]: [string, string] = [randomUUID(), randomUUID()];
  const people = Array.from({ length: 4 }, () => randomUUID());
  const [ada = '', ben = '', , hopper = ''] = people;
  let log: TestLog;
  let queries: MetricsQueries;
  const revisions = new Map<string, bigint>();

  beforeAll(async () => {
    log = await TestLog.start();
    queries = new MetricsQueries(log.pool);
    await log.rebuild(directoryProjector);
    await log.rebuild(metricsProjector);
  });
  afterAll(() => log.stop());

  function recorded(
    stream: string,
    at: number,
    event: Pick<ImportedEvent, 'type' | 'contentType' | 'data' | 'metadata'>,
  ) {
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    return { ...event, id: randomUUID(), stream, revision, recordedAt: new Date(NINE + at) } as ImportedEvent;
  }

  function said(stream: string, at: number, by: string, event: DomainEvent, via: Via = 'web', where = course) {
    const actor = { id: by, role: by === 'system' ? 'system' : 'student', via } as const;
    return recorded(stream, at, encodeEvent(event, { actor, ...(where !== '' && { course: where }) }));
  }

  function typed(by: string, at: number, length: number, { origin = 'live', via = 'websocket', where = course } = {}) {
    const edit = { ms: 0, origin: origin as 'live' | 'sync' | 'server', update: inserting(length) };
    const metadata = { v: 1, actor: { id: by, role: 'student', via }, course: where };
    return recorded(`file-${randomUUID()}`, at, {
      ...{ type: FILE_EDITED, contentType: 'binary', metadata: toJsonBytes(metadata) },
      data: encodeFileEdited({ startedAt: NINE + at, edits: [edit] }),
    });
  }

  function asked(run: string, by: string, at: number, where = course): ImportedEvent {
    const data = { id: run, workspace: randomUUID(), course: where, by, mode: 'script', entry: 'main.py', files: [] };
    return said(
      `run-${run}`,
      at,
      by,
      { type: 'RunRequested', data: { ...data, columns: 80, rows: 24 } } as never,
      'web',
      where,
    );
  }

  function ran(by: string, at: number, exception: string, where = course): ImportedEvent[] {
    const run = randomUUID();
    const stream = `run-${run}`;
    const script = exception === '' ? { kind: 'completed' } : { kind: 'raised', exception };
    const told = { ms: 1, exception, message: '', path: null, line: null, explanation: null, traceback: '' };
    const system = (event: object) => said(stream, at + 500, 'system', event as DomainEvent, 'executor', where);
    return [
      asked(run, by, at, where),
      ...(exception === '' ? [] : [system({ type: 'ErrorRaised', data: told })]),
      system({ type: 'ReplEntered', data: { ms: 2, script } }),
      system({ type: 'RunFinished', data: { outcome: { kind: 'cancelled' }, usage: null } }),
    ];
  }

  const enrolled = (user: string, role: string, name: string) => [
    said(
      `user-${user}`,
      0,
      'system',
      {
        type: 'UserRegistered',
        data: { id: user, username: name, displayName: name, role: 'student' },
      } as never,
      'system',
      '',
    ),
    said(`course-${course}`, 0, 'system', { type: 'MemberEnrolled', data: { user, role } } as never, 'system', ''),
  ];

  const handedIn = (by: string, at: number, late: boolean) =>
    said(`workspace-${randomUUID()}`, at, by, {
      type: 'WorkHandedIn',
      data: { item: randomUUID(), by, at: NINE + at, late, deadline: null, digest: '', files: [] },
    } as never);

  it('are what was done: typed and pasted, runs and their errors, work handed in, limits', async () => {
    await log.store.importEvents([
      said(
        `course-${course}`,
        0,
        'system',
        { type: 'CourseCreated', data: { id: course, title: 'Python' } } as never,
        'system',
        '',
      ),
      ...[
        ...enrolled(ada, 'student', 'ada'),
        ...enrolled(ben, 'student', 'ben'),
        ...enrolled(hopper, 'professor', 'hopper'),
      ],
      typed(ada, 0, 5),
      typed(ada, 10_000, 29),
      typed(ada, 20_000, 30),
      typed(ada, 30_000, 90, { origin: 'sync' }),
      typed(ada, 40_000, 100, { origin: 'server' }),
      typed(ada, 50_000, 100, { via: 'executor' }),
      ...ran(ada, 60_000, 'NameError'),
      ...ran(ada, 70_000, 'NameError'),
      ...ran(ada, 80_000, ''),
      handedIn(ada, 90_000, true),
      said(
        'audit-2026-11',
        100_000,
        ada,
        { type: 'LimitReached', data: { limit: 'runs-a-minute', most: 10, waitSeconds: 3, refusals: 7 } },
        'web',
        '',
      ),
      typed(hopper, 0, 7),
      typed(ada, 0, 3, { where: other }),
    ]);
    await log.rebuild(directoryProjector);
    await log.rebuild(metricsProjector);
    const figures = await queries.ofPerson(course, ada, RANGE);
    expect(figures).toMatchObject({
      ...{ edits: 4, typed: 124, pasted: 30, runs: 3, completed: 1, failed: 2, errors: 2 },
      ...{ hand_ins: 1, late_hand_ins: 1, limits: 7, active_ms: 90_000, repeatedErrorDensity: 0.5 },
      lastAt: new Date(NINE + 90_000),
    });
    expect(figures.errorQuotient).toBeCloseTo(11 / 22, 9);
    expect(await queries.ofClass(course, RANGE)).toMatchObject({ people: 1, typed: 124, runs: 3 });
    expect(await queries.namedOfPerson(course, ada, RANGE, 10)).toEqual([
      { what: 'error', name: 'NameError', count: 2, people: 1 },
      { what: 'limit', name: 'runs-a-minute', count: 7, people: 1 },
      { what: 'outcome', name: 'raised', count: 2, people: 1 },
      { what: 'outcome', name: 'completed', count: 1, people: 1 },
    ]);
    expect((await queries.daysOfClass(course, RANGE)).map(({ day, runs, people }) => [day, runs, people])).toEqual([
      ['2026-11-26', 3, 1],
    ]);
  });

  it('list every student once, page by page; who did nothing is there with zeros and no quotient', async () => {
    const all = await queries.students(course, RANGE, 10);
    expect(all.map(({ username, figures }) => [username, figures.runs, figures.errorQuotient])).toEqual([
      ['ada', 3, 0.5],
      ['ben', 0, null],
    ]);
    const [first] = await queries.students(course, RANGE, 1);
    expect((await queries.students(course, RANGE, 1, first?.person)).map(({ username }) => username)).toEqual(['ben']);
    expect(await queries.students(course, { from: '2026-11-27', to: '2026-11-28' }, 10)).toMatchObject([
      { username: 'ada', figures: { runs: 0 }, lastAt: new Date(NINE + 90_000) },
      { username: 'ben', lastAt: null },
    ]);
    const ofAda = await queries.coursesOf(ada, RANGE);
    expect(Object.fromEntries(ofAda.map(({ title, figures }) => [title, figures.typed]))).toEqual({
      ...{ Python: 124, [other]: 3 },
    });
  });

  it('are the same however the log is cut into batches, live or in a rebuild', async () => {
    let seed = 5;
    const next = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
    const events: ImportedEvent[] = [];
    const open: string[] = [];
    for (let n = 0, at = 200_000; n < 600; n++, at += [10_000_000, 400_000][next(40)] ?? next(20_000)) {
      const by = people[next(4)] ?? '';
      const where = next(3) === 0 ? other : course;
      switch (next(7)) {
        case 0:
          events.push(...ran(by, at, ['', 'NameError', 'TypeError'][next(3)] ?? '', where));
          break;
        case 1:
          open.push(randomUUID());
          events.push(asked(open.at(-1) ?? '', by, at, where));
          break;
        case 2: {
          const [run] = open.splice(next(open.length + 1), 1);
          const outcome = { kind: 'timed-out', limit: 'cpu', seconds: 1 } as const;
          const end = { type: 'RunFinished', data: { outcome, usage: null } } as const;
          if (run) events.push(said(`run-${run}`, at, 'system', end, 'executor', where));
          break;
        }
        case 3:
          events.push(
            said(
              'audit-2026-11',
              at,
              by,
              { type: 'LimitReached', data: { limit: 'open-documents', most: 1, waitSeconds: 0 } },
              'web',
              '',
            ),
          );
          break;
        default:
          events.push(typed(by, at, 1 + next(40), { where }));
      }
    }
    for (let at = 0; at < events.length; at += 500) await log.store.importEvents(events.slice(at, at + 500));
    const runner = log.run(metricsProjector);
    await log.reached(runner, (await log.store.head()) as Position);
    await runner.stop();
    const live = await content();
    expect(live['metric_day']?.length).toBeGreaterThan(10);
    expect(live['metric_run']?.length).toBeGreaterThan(0);
    await log.rebuild(metricsProjector);
    expect(await content()).toEqual(live);
    await log.rebuild({ ...metricsProjector, applyAll: undefined } as never);
    expect(await content()).toEqual(live);
    for (const most of [2, 7, 50]) {
      await applyInPieces(() => 1 + next(most));
      expect(await content()).toEqual(live);
    }
  });

  /** The whole log in pieces of `length()` events, each a transaction. */
  async function applyInPieces(length: () => number): Promise<void> {
    const events: RecordedEvent[] = [];
    for await (const event of log.store.readAll({
      filter: { typePrefixes: [...(metricsProjector.typePrefixes ?? [])] },
    }))
      events.push(event);
    const client = await log.pool.connect();
    await client.query(`truncate ${metricsProjector.tables.map((table) => `read.${table}`).join(', ')}`);
    while (events.length > 0) {
      await client.query('begin; set local search_path = read, pg_temp');
      await metricsProjector.applyAll?.(events.splice(0, length()), client);
      await client.query('commit');
    }
    client.release();
  }

  async function content(): Promise<Record<string, string[]>> {
    const tables: Record<string, string[]> = {};
    for (const table of metricsProjector.tables) {
      const { rows } = await log.pool.query<object>(`select * from read.${table}`);
      tables[table] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return tables;
  }

  it('are asked for by index: no query reads a big table from end to end', async () => {
    await log.pool.query(`
      insert into read.metric_day (course, person, day, runs)
        select gen_random_uuid(), gen_random_uuid(), date '2026-01-01' + n % 112, 1 from generate_series(1, 40000) n;
      insert into read.metric_name (course, person, day, what, name, count)
        select gen_random_uuid(), gen_random_uuid(), date '2026-01-01' + n % 112, 'error', 'NameError', 1 from generate_series(1, 40000) n;
      insert into read.metric_person (course, person, last_at, result_error, repeats)
        select gen_random_uuid(), gen_random_uuid(), now(), '', 0 from generate_series(1, 40000) n;
      analyze read.metric_day; analyze read.metric_name; analyze read.metric_person`);
    const asked: { text: string; values: unknown[] }[] = [];
    const listening = {
      query: (query: { text: string; values: unknown[] }) => (asked.push(query), log.pool.query(query)),
    };
    const all = new MetricsQueries(listening as never);
    await all.ofClass(course, RANGE);
    await all.daysOfClass(course, RANGE);
    await all.namedOfClass(course, RANGE, 5);
    await all.students(course, RANGE, 50, ada);
    await all.ofPerson(course, ada, RANGE);
    await all.daysOfPerson(course, ada, RANGE);
    await all.namedOfPerson(course, ada, RANGE, 5);
    await all.coursesOf(ada, RANGE);
    expect(asked).toHaveLength(8);
    for (const { text, values } of asked) {
      const { rows } = await log.pool.query<{ 'QUERY PLAN': unknown }>(`explain (format json) ${text}`, values);
      expect([text, JSON.stringify(rows).match(/"Seq Scan"[^}]*?"Relation Name":\s*"metric_\w+"/g)]).toEqual([
        text,
        null,
      ]);
    }
  });
});
