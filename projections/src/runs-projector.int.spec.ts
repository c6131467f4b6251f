import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type DomainEvent, encodeEvent } from '@palimpsest/domain';
import type { ImportedEvent } from '@palimpsest/event-store';
import { directoryProjector } from './directory-projector.js';
import { type RunFilter, RunQueries, type RunScope } from './run-queries.js';
import { runsProjector } from './runs-projector.js';
import { TestLog } from './testing/test-log.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const [ADA, BEN, COURSE, OTHER_COURSE, MAIN, LIB, WORKSPACE] = Array.from({ length: 7 }, () => randomUUID()) as [
  ...[string, string, string, string, string, string, string],
];

interface Lived {
  readonly minute: number;
  readonly by?: string;
  readonly course?: string;
  readonly entry?: string;
  readonly exceptions?: readonly string[];
  readonly outcome?: object | null;
}

describe('the history of runs', () => {
  let log: TestLog;
  let queries: RunQueries;

  beforeAll(async () => {
    log = await TestLog.start();
    queries = new RunQueries(log.pool);
    await log.rebuild(directoryProjector);
    await log.store.importEvents([
      ...lived({ minute: 0 }),
      ...lived({
        minute: 1,
        exceptions: ['NameError', 'NameError', 'ValueError'],
        outcome: { kind: 'exited', code: 1 },
      }),
      ...lived({ minute: 2, by: BEN, outcome: { kind: 'out-of-memory', limitBytes: 5 } }),
      ...lived({ minute: 3, entry: 'lib.py', outcome: { kind: 'cancelled' } }),
      ...lived({ minute: 4, course: OTHER_COURSE, outcome: null }),
    ]);
    await log.rebuild(runsProjector);
  });
  afterAll(() => log.stop());

  function lived({ minute, by = ADA, course = COURSE, entry = 'main.py', exceptions = [], outcome }: Lived) {
    const id = randomUUID();
    const metadata = { actor: { id: by, role: 'student', via: 'web' } as const, session: `s-${by}` };
    const files = [
      { file: MAIN, path: 'main.py', revision: '3' },
      { file: LIB, path: 'lib.py', revision: null },
    ];
    const request = { id, workspace: WORKSPACE, course, by, mode: 'script', entry, files, columns: 80, rows: 24 };
    const raised = exceptions.map((exception) => ({
      type: 'ErrorRaised',
      data: { ms: 1, exception, message: '', path: null, line: null, explanation: null, traceback: '' },
    }));
    const usage = { wallMs: 2000, cpuMs: 1500, outputBytes: 12, peakMemoryBytes: 9_000_000_000 };
    const end = { type: 'RunFinished', data: { outcome: outcome ?? { kind: 'exited', code: 0 }, usage } };
    const events = [{ type: 'RunRequested', data: request }, ...raised, ...(outcome === null ? [] : [end])];
    return events.map((event, n): ImportedEvent => ({
      ...{ id: randomUUID(), stream: `run-${id}`, revision: BigInt(n) },
      recordedAt: new Date(NOON + minute * 60_000 + n),
      ...encodeEvent(event as DomainEvent, metadata),
    }));
  }

  const found = async (scope: RunScope, filter: Partial<RunFilter> = {}) =>
    (await queries.history(scope, { limit: 100, ...filter })).map(
      ({ requestedAt }) => (requestedAt.getTime() - NOON) / 60_000,
    );
  const here = (filter: Partial<RunFilter> = {}) => found({ workspace: WORKSPACE }, filter);

  it('is told newest first, of a workspace, a person, or the file that was run', async () => {
    expect(await here()).toEqual([4, 3, 2, 1, 0]);
    expect(await found({ person: BEN })).toEqual([2]);
    expect(await found({ file: LIB })).toEqual([3]);
    expect(await found({ file: MAIN })).toEqual([4, 2, 1, 0]);
  });

  it('is chosen by outcome, exception, script, failure, person, time and course', async () => {
    expect(await here({ outcome: 'exited' })).toEqual([1, 0]);
    expect(await here({ exception: 'ValueError' })).toEqual([1]);
    expect(await here({ entry: 'lib.py' })).toEqual([3]);
    expect(await here({ entry: 'main.py\u0000' })).toEqual([]);
    expect(await here({ onlyErrors: true })).toEqual([2, 1]);
    expect(await here({ by: BEN })).toEqual([2]);
    expect(await here({ courses: [OTHER_COURSE] })).toEqual([4]);
    const minute = (n: number) => new Date(NOON + n * 60_000);
    expect(await here({ from: minute(1), until: minute(3) })).toEqual([2, 1]);
  });

  it('says how a run ended and what it used', async () => {
    const [run] = await queries.history({ workspace: WORKSPACE }, { limit: 1, exception: 'NameError' });
    expect(run).toMatchObject({
      ...{ by: ADA, session: `s-${ADA}`, entry: 'main.py', entryFile: MAIN, outcome: 'exited', errors: 3 },
      ...{ ending: 'ended with exit code 1', wallMs: 2000, cpuMs: 1500, outputBytes: 12, peakBytes: 9_000_000_000 },
      exceptions: ['NameError', 'ValueError'],
    });
    expect(await queries.run(run!.id)).toEqual(run);
    expect(await queries.run(randomUUID())).toBeUndefined();
  });

  it('keeps twenty kinds of exceptions of a run and counts all of them', async () => {
    const exceptions = Array.from({ length: 21 }, (_, n) => `Error${n}`);
    await log.store.importEvents(lived({ minute: 5, exceptions }));
    await log.rebuild(runsProjector);
    const [run] = await queries.history({ workspace: WORKSPACE }, { limit: 1 });
    expect([run?.errors, run?.exceptions]).toEqual([21, exceptions.slice(0, 20)]);
  });

  it('is found by an index each', async () => {
    await log.pool.query(
      `insert into read.run (id, workspace, course, requested_by, mode, entry_file, state, requested_at)
       select gen_random_uuid(), md5((n % 100)::text)::uuid, $1, md5((n % 50)::text)::uuid, 'script',
         md5((n % 200)::text)::uuid, 'finished', now() - n * interval '1 s' from generate_series(1, 30000) n`,
      [COURSE],
    );
    await log.pool.query('analyze read.run');
    const plans: string[] = [];
    const explained = new RunQueries({
      query: async (sql: string, values: unknown[]) => {
        const { rows } = await log.pool.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [] };
      },
    } as never);
    const id = '6f8f5771-5090-4a26-b245-3988d9a1501b';
    const before = { micros: String(Date.now() * 1000), run: id };
    await explained.history({ workspace: id }, { limit: 50, before, onlyErrors: true });
    await explained.history({ person: id }, { limit: 50, before, courses: [COURSE] });
    await explained.history({ file: id }, { limit: 50, exception: 'ValueError' });
    await explained.run(id);
    expect(plans).toHaveLength(4);
    for (const plan of plans) expect(plan).not.toContain('Seq Scan on run');
  });
});
