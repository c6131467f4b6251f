import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type DomainEvent, encodeEvent, encodeFileEdited, FILE_EDITED, toJsonBytes } from '@palimpsest/domain';
import type { ImportedEvent, Position } from '@palimpsest/event-store';
import { directoryProjector } from '../directory-projector.js';
import type { Projector } from '../projector.js';
import { TestLog } from '../testing/test-log.js';
import { activityProjector, PAUSE_MS, STRETCH_MS, TOGETHER_MS } from './activity-projector.js';
import { ActivityQueries, type ActivityEntry, type ActivityFilter } from './activity-queries.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const [ADA, BEN, COURSE, WORKSPACE, MAIN, RUN] = Array.from({ length: 6 }, () => randomUUID()) as [
  ...[string, string, string, string, string, string],
];
const [MORNING, EVENING] = [randomUUID(), randomUUID()];

/** An update of Yjs (version 1) that puts a short text at the beginning of an empty one. */
function updateOf(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return new Uint8Array([1, 1, 5, 0, 4, 1, 4, ...Buffer.from('text'), bytes.length, ...bytes, 0]);
}

interface By {
  readonly by?: string;
  readonly session?: string;
  readonly via?: 'web' | 'websocket' | 'executor';
  readonly course?: string | null;
}

describe('timelines', () => {
  let log: TestLog;
  let queries: ActivityQueries;
  const revisions = new Map<string, bigint>();

  beforeAll(async () => {
    log = await TestLog.start();
    queries = new ActivityQueries(log.pool);
    await log.rebuild(directoryProjector);
  });
  afterAll(() => log.stop());

  function imported(
    stream: string,
    at: number,
    event: Pick<ImportedEvent, 'type' | 'contentType' | 'data' | 'metadata'>,
  ) {
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    return { id: randomUUID(), stream, revision, recordedAt: new Date(NOON + at), ...event } as ImportedEvent;
  }

  const metadata = ({ by = ADA, session = MORNING, via = 'web', course = COURSE }: By) => ({
    ...{ actor: { id: by, role: 'student', via } as const, session, workspace: WORKSPACE },
    ...(course !== null && { course }),
  });

  const happened = (stream: string, at: number, event: object, by: By = {}) =>
    imported(stream, at, encodeEvent(event as DomainEvent, metadata(by)));

  const typed = (at: number, text = 'x', by: By = {}, file = MAIN) =>
    imported(`file-${file}`, at, {
      ...{ type: FILE_EDITED, contentType: 'binary' as const, metadata: toJsonBytes({ v: 1, ...metadata(by) }) },
      data: encodeFileEdited({ startedAt: NOON + at, edits: [{ ms: 0, origin: 'live', update: updateOf(text) }] }),
    });

  const requested = (run: string, at: number, by: By = {}) =>
    happened(
      `run-${run}`,
      at,
      {
        type: 'RunRequested',
        data: {
          ...{ id: run, workspace: WORKSPACE, course: COURSE, by: by.by ?? ADA, mode: 'script', entry: 'main.py' },
          ...{ files: [{ file: MAIN, path: 'main.py', revision: '0' }], columns: 80, rows: 24 },
        },
      },
      by,
    );

  const lived = (run: string, at: number): ImportedEvent[] => [
    happened(`run-${run}`, at, {
      type: 'RunStarted',
      data: { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: NOON + at },
    }),
    happened(`run-${run}`, at + 5, { type: 'InputProvided', data: { by: ADA, text: 'Ad' } }),
    happened(`run-${run}`, at + 6, { type: 'InputProvided', data: { by: ADA, text: 'a\u0000\r' } }),
    happened(`run-${run}`, at + 7, {
      type: 'ErrorRaised',
      data: {
        ...{ ms: 7, exception: 'NameError', message: 'm', path: 'main.py', line: 3, explanation: null, traceback: '' },
      },
    }),
    happened(`run-${run}`, at + 9, {
      type: 'RunFinished',
      data: { outcome: { kind: 'exited', code: 1 }, usage: { wallMs: 9, cpuMs: 4, outputBytes: 2 } },
    }),
  ];

  const connection = (type: string, id: string, at: number, more: object = {}) =>
    happened(`session-${MORNING}`, at, {
      type,
      data: { connection: id, workspace: WORKSPACE, file: MAIN, path: 'main.py', ...more },
    });

  /** Puts these into the log and has the read model built of them. */
  async function built(...events: ImportedEvent[]): Promise<void> {
    await log.store.importEvents(events);
    await log.rebuild(activityProjector);
  }

  const all = (filter: Partial<ActivityFilter> = {}) =>
    queries.timeline({ workspace: WORKSPACE }, { limit: 1000, ...filter });

  const said = ({ kind, at, until, count, inserted, summary }: ActivityEntry) =>
    `${kind} ${at.getTime() - NOON} ${until === null ? 'open' : until.getTime() - NOON} ${count} ${inserted} ${summary}`.trim();

  const table = async () => {
    const { rows } = await log.pool.query<Record<string, unknown>>(
      'select * from read.activity_entry order by entry_no',
    );
    return rows.map(({ entry_no: _, ...row }) => row);
  };

  it('have a row for each unbroken stretch of typing of a person in a file, with what was typed', async () => {
    await built(
      typed(0, 'ab'),
      typed(1_000, 'c', { by: BEN }),
      typed(PAUSE_MS - 1, 'd'),
      typed(2 * PAUSE_MS - 1, 'late'),
      typed(2 * PAUSE_MS, 'x', { via: 'executor' }),
    );
    expect((await all()).map(said).reverse()).toEqual([
      'edit 0 59999 2 3',
      'edit 1000 1000 1 1',
      'edit 119999 119999 1 4',
      'edit 120000 120000 1 1',
    ]);
    const first = (await all()).at(-1);
    expect([first?.person, first?.file, first?.firstRevision, first?.lastRevision]).toEqual([ADA, MAIN, '0', '2']);
  });

  it('begin a new row when a stretch has lasted long enough', async () => {
    const from = 1_000_000;
    const steps = Array.from({ length: 21 }, (_, n) => typed(from + n * 30_000));
    await built(...steps);
    const rows = (await all({ from: new Date(NOON + from) })).map(said).reverse();
    expect(rows).toEqual([
      `edit ${from} ${from + STRETCH_MS - 30_000} 20 20`,
      `edit ${from + STRETCH_MS} ${from + STRETCH_MS} 1 1`,
    ]);
  });

  it('have one row for a run, with its outcome and its first error, and one for what was typed into it', async () => {
    const from = 3_000_000;
    await built(requested(RUN, from), ...lived(RUN, from + 100));
    const [input, run] = await all({ from: new Date(NOON + from) });
    expect(said(input!)).toBe(`input ${from + 105} ${from + 106} 2 0 Ada\ufffd`);
    expect(run).toMatchObject({ kind: 'run', run: RUN, object: 'main.py', file: MAIN, person: ADA });
    expect(run?.until?.getTime()).toBe(NOON + from + 109);
    expect(run?.detail).toEqual({
      ...{ state: 'finished', mode: 'script', startedAt: NOON + from + 100, errors: 1, exception: 'NameError' },
      ...{ path: 'main.py', line: 3, outcome: 'exited', ending: 'ended with exit code 1', wallMs: 9, cpuMs: 4 },
      produced: 0,
    });
  });

  it('show the first 500 characters of what was typed, and no half of one', async () => {
    const from = 3_500_000;
    const run = randomUUID();
    const typedIn = (at: number, text: string) =>
      happened(`run-${run}`, at, { type: 'InputProvided', data: { by: ADA, text } });
    await built(requested(run, from), typedIn(from, 'x'.repeat(499)), typedIn(from + 1, '👩'), typedIn(from + 2, 'y'));
    const [input] = await all({ from: new Date(NOON + from), kinds: ['input'] });
    expect([input?.count, input?.summary]).toEqual([3, `${'x'.repeat(499)}\ufffd`]);
  });

  it('put file operations of one moment together, and leave others apart', async () => {
    const from = 4_000_000;
    const made = (at: number, path: string) =>
      happened(`workspace-${WORKSPACE}`, at, { type: 'FileCreated', data: { file: randomUUID(), path } });
    await built(
      made(from, 'a.py'),
      made(from, 'b.py'),
      made(from + TOGETHER_MS - 1, 'c.py'),
      made(from + 2 * TOGETHER_MS - 1, 'd.py'),
    );
    const rows = await all({ from: new Date(NOON + from), kinds: ['file'] });
    expect(rows.map(({ object, count }) => `${object} ${count}`)).toEqual(['d.py 1', 'a.py 3']);
  });

  it('end a connection by its event, by the next one of the same session, or with the session', async () => {
    const from = 5_000_000;
    await built(
      connection('ConnectionOpened', 'one', from),
      connection('ConnectionClosed', 'one', from + 900, { reason: 'left', at: NOON + from + 500 }),
      connection('ConnectionOpened', 'killed', from + 1_000),
      connection('ConnectionOpened', 'again', from + 2_000),
      connection('ConnectionClosed', 'killed', from + 2_500, { reason: 'lost', at: NOON + from + 2_500 }),
      happened(`session-${MORNING}`, from + 3_000, { type: 'SignedOut', data: { user: ADA } }, { course: null }),
      connection('ConnectionOpened', 'open', from + 4_000),
    );
    const rows = await all({ from: new Date(NOON + from), kinds: ['connection'] });
    const ends = rows.map(({ until, detail }) => [until && until.getTime() - NOON - from, detail]);
    expect(ends.reverse()).toEqual([
      [500, { connection: 'one', reason: 'left' }],
      [2_000, { connection: 'killed', reason: 'superseded' }],
      [3_000, { connection: 'again', reason: 'session-ended' }],
      [null, { connection: 'open' }],
    ]);
  });

  it('come out the same whether the events arrive one by one, together, or in a rebuild', async () => {
    const runner = log.run(activityProjector);
    const other = randomUUID();
    const from = 6_000_000;
    const live: ImportedEvent[] = [
      typed(from),
      requested(other, from + 10),
      typed(from + 30_000, 'y'),
      ...lived(other, from + 31_000),
      happened(`session-${EVENING}`, from + 40_000, { type: 'SignedIn', data: { user: ADA, userAgent: 'x' } }),
      typed(from + 50_000, 'z', { session: EVENING }),
      connection('ConnectionClosed', 'open', from + 51_000, { reason: 'lost', at: NOON + from + 50_000 }),
    ];
    for (const event of live) {
      await log.store.importEvents([event]);
      await log.reached(runner, (await log.store.head()) as Position);
    }
    await runner.stop();
    const rows = await table();
    expect(rows.length).toBeGreaterThan(17);
    await log.rebuild(activityProjector);
    expect(await table()).toEqual(rows);
    await log.rebuild({ ...activityProjector, applyAll: undefined } as unknown as Projector);
    expect(await table()).toEqual(rows);
  });

  it('are told by person and session, kinds, time and course', async () => {
    const of = (scope: Parameters<ActivityQueries['timeline']>[0], filter: Partial<ActivityFilter> = {}) =>
      queries.timeline(scope, { limit: 1000, ...filter });
    expect((await of({ person: BEN })).map(({ kind }) => kind)).toEqual(['edit']);
    expect((await of({ person: ADA, session: EVENING })).map(({ kind }) => kind)).toEqual(['edit', 'session']);
    expect(await of({ person: BEN, session: EVENING })).toEqual([]);
    expect((await of({ person: ADA }, { kinds: ['run'] })).map(({ run }) => run)).toContain(RUN);
    expect(await of({ person: ADA }, { courses: [randomUUID()] })).toEqual([]);
    const outside = await of({ person: ADA }, { courses: [COURSE] });
    expect(outside.some(({ type }) => type === 'SignedOut')).toBe(false);
    const until = new Date(NOON + 120_000);
    expect((await of({ workspace: WORKSPACE }, { until })).map(said)).toHaveLength(3);
    const begun = await of({ workspace: WORKSPACE }, { from: new Date(NOON + 30_000), until: new Date(NOON + 60_000) });
    expect(begun.map(said)).toEqual(['edit 0 59999 2 3']);
  });

  it('show others what they did in common, and not when they were there', async () => {
    const seen = await all({ asSeenBy: BEN });
    expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(['edit', 'run', 'input', 'file']));
    const own = await all({ asSeenBy: ADA });
    expect(own.some(({ kind }) => kind === 'connection')).toBe(true);
  });

  it('come in pages that neither repeat nor miss anything while they grow', async () => {
    const before = await all();
    const seen: ActivityEntry[] = [];
    for (let key: ActivityFilter['before']; ;) {
      const page = await all({ limit: 3, ...(key && { before: key }) });
      if (page.length === 0) break;
      seen.push(...page);
      key = page.at(-1);
      await log.store.importEvents([typed(7_000_000 + seen.length * PAUSE_MS, 'g', { by: BEN })]);
      const runner = log.run(activityProjector);
      await log.reached(runner, (await log.store.head()) as Position);
      await runner.stop();
    }
    expect(seen.map(({ entryNo }) => entryNo)).toEqual(before.map(({ entryNo }) => entryNo));
  });

  it('add up to sessions: begin, end, time of typing, files and runs', async () => {
    const person = randomUUID();
    const [early, late] = [randomUUID(), randomUUID()];
    const other = randomUUID();
    const from = 20_000_000;
    const run = randomUUID();
    await built(
      happened(`session-${early}`, from, { type: 'SignedIn', data: { user: person, userAgent: '' } }, { by: person }),
      ...[0, 20_000, 40_000].map((at) => typed(from + at, 'ab', { by: person, session: early })),
      // At the same time in another file: twenty seconds more than the first stretch.
      ...[10_000, 60_000].map((at) => typed(from + at, 'c', { by: person, session: early }, other)),
      requested(run, from + 70_000, { by: person, session: early }),
      happened(`run-${run}`, from + 75_000, {
        type: 'RunFinished',
        data: { outcome: { kind: 'out-of-memory', limitBytes: 1 }, usage: null },
      }),
      happened(`session-${early}`, from + 80_000, { type: 'SignedOut', data: { user: person } }, { by: person }),
      typed(from + 90_000, 'd', { by: person, session: late }),
    );
    const sessions = await queries.sessions(person, { limit: 10 });
    expect(sessions).toMatchObject([
      { session: late, isOver: false, activeMs: 0, edits: 1, files: 1, runs: 0 },
      {
        ...{ session: early, began: new Date(NOON + from), ended: new Date(NOON + from + 80_000), isOver: true },
        ...{ activeMs: 60_000, edits: 5, inserted: 8, removed: 0, files: 2, runs: 1, failedRuns: 1 },
      },
    ]);
    const [newest] = sessions;
    const before = { micros: newest!.beganMicros, session: newest!.session };
    expect((await queries.sessions(person, { limit: 10, before })).map(({ session }) => session)).toEqual([early]);
    expect(await queries.sessions(person, { limit: 10, courses: [randomUUID()] })).toEqual([]);
  });

  it('are found by an index each, however large the table is', async () => {
    await log.pool.query(
      `insert into read.activity_entry (at, kind, type, person, via, session, workspace, object, until, count, inserted, removed, summary, detail)
       select now() - n * interval '1 s', 'edit', 'FileEdited', 'p' || n % 50, 'web', 's' || n % 500, 'w' || n % 100, '', now(), 1, 0, 0, '', '{}'
       from generate_series(1, 50000) n`,
    );
    await log.pool.query('analyze read.activity_entry');
    const asked: string[] = [];
    const plans = new ActivityQueries({
      query: async (sql: string, values: unknown[]) => {
        const { rows } = await log.pool.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
        asked.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [] };
      },
    } as never);
    const before = { micros: String(Date.now() * 1000), entryNo: '5' };
    await plans.timeline({ workspace: 'w1' }, { limit: 50, before, asSeenBy: ADA });
    await plans.timeline({ person: 'p1' }, { limit: 50, before, courses: [COURSE], kinds: ['run'], from: new Date() });
    await plans.timeline({ person: 'p1', session: 's1' }, { limit: 50, before });
    await plans.sessions('p1', { limit: 50 });
    expect(asked).toHaveLength(4);
    for (const plan of asked) {
      expect(plan).not.toContain('Seq Scan on activity_entry');
      expect(plan).toMatch(/activity_by_(workspace|person|session)/);
    }
  });
});
