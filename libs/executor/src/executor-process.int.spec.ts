import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isId, type RunEvent, type RunId } from '@palimpsest/domain';
import { eventually, ExecutorProcess } from '@palimpsest/test-support';
import pg from 'pg';
import { QueueFixture, outputOf } from './queue-fixture.js';

jest.setTimeout(120_000);

/** What a program does when its executor dies; each has said "here" before. */
const PROGRAMS = {
  sleeping: 'import time\nprint("here", flush=True)\ntime.sleep(1000)\n',
  printing:
    'import time\nprint("here", flush=True)\nwhile True:\n    print("x" * 50, flush=True)\n    time.sleep(0.02)\n',
  'at its prompt': 'print("here")\n',
  'ignoring every signal': `
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
print("here", flush=True)
while True: pass
`,
  'with a daemon of its own': `
import os, signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3): os.close(fd)
        while True: time.sleep(1)
    os._exit(0)
print("here", flush=True)
time.sleep(1000)
`,
};

/** Executors in processes of their own, on one log and one queue. */
describe('executors that are killed, stopped and started again', () => {
  let fixture: QueueFixture;
  let scratch = '';
  const executors: ExecutorProcess[] = [];

  beforeAll(async () => {
    await ExecutorProcess.build();
  });
  beforeEach(async () => {
    fixture = await QueueFixture.open();
    scratch = mkdtempSync(join(tmpdir(), 'palimpsest-scratch-'));
    chmodSync(scratch, 0o755);
  });
  afterEach(async () => {
    for (const executor of executors.splice(0)) await executor.kill();
    await fixture.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  afterAll(() => expect(mountsBelow(scratch)).toEqual([]));

  async function start(name: string, settings: Readonly<Record<string, string>> = {}): Promise<ExecutorProcess> {
    // Other suites have executors on this machine at the same time: control groups are named after them.
    const unique = `${name}-${process.pid}`;
    const executor = await ExecutorProcess.start(unique, {
      DATABASE_URL: fixture.database.url,
      PALIMPSEST_SCRATCH: scratch,
      CLEANUP_INTERVAL_MS: '1000',
      JOB_LOCK_MS: '3000',
      MAX_LOAD_PER_CORE: '0',
      MIN_FREE_MEMORY_MB: '0',
      MIN_FREE_DISK_MB: '0',
      ...settings,
    });
    executors.push(executor);
    return executor;
  }

  const folders = (executor: ExecutorProcess) => readdirSync(join(scratch, executor.name, 'runs'));

  const starts = async (id: RunId) => (await fixture.events(id)).filter(({ type }) => type === 'RunStarted');

  const executorOf = async (id: RunId) =>
    (await fixture.events(id)).flatMap((event) => (event.type === 'RunStarted' ? [event.data.executor] : []))[0];

  /** Twenty programs that are alive in every way there is. */
  async function twentyAlive(): Promise<RunId[]> {
    const runs: RunId[] = [];
    for (const program of Object.values(PROGRAMS))
      for (let n = 0; n < 4; n++) runs.push(await fixture.request(program));
    for (const [at, run] of runs.entries()) {
      await fixture.shows(run, 'here', 60_000);
      if (at >= 8 && at < 12) await fixture.reaches(run, 'ReplEntered');
    }
    return runs;
  }

  async function expectNothingLeft(executor: ExecutorProcess): Promise<void> {
    await eventually(() => executor.sandboxed.length === 0, `no process of ${executor.name}`, 30_000);
    await eventually(() => folders(executor).length === 0, `no run folder of ${executor.name}`, 30_000);
    await eventually(
      () => executor.groups.length === 0,
      () => `no group of ${executor.name}: ${executor.groups.join()}`,
    );
    expect(mountsBelow(scratch)).toEqual([]);
  }

  async function expectInterrupted(runs: readonly RunId[]): Promise<void> {
    for (const run of runs) {
      expect(await fixture.outcome(run, 40_000)).toEqual({ kind: 'interrupted' });
      expect(await fixture.output(run)).toContain('here');
      expect(await starts(run)).toHaveLength(1);
    }
  }

  it('kill -9 with 20 runs alive: another one removes what is left and ends them, with what they had printed', async () => {
    const first = await start('killed', { MAX_CONCURRENT_EXECUTIONS: '20' });
    const runs = await twentyAlive();
    expect(first.sandboxed.length).toBeGreaterThanOrEqual(60); // two of bubblewrap's, and Python's
    expect(folders(first).filter(isId)).toHaveLength(20);
    expect(first.groups.length).toBeGreaterThanOrEqual(20);
    const second = await start('living');
    await first.kill();
    await expectNothingLeft(first);
    await expectInterrupted(runs);
    const told = (await fixture.saidBy(second.name)).filter(({ type }) => type === 'CleanupDone');
    expect(told.length).toBeGreaterThanOrEqual(1);
    const next = await fixture.request('print("here")\n');
    await fixture.reaches(next, 'ReplEntered');
    expect(await executorOf(next)).toBe(second.name);
  });

  it('kill -9 with 20 runs alive and nobody else: its next start does it, and runs what had waited, once', async () => {
    const first = await start('again', { MAX_CONCURRENT_EXECUTIONS: '16' });
    const runs: RunId[] = [];
    for (let n = 0; n < 16; n++) runs.push(await fixture.request(PROGRAMS.sleeping));
    for (const run of runs) await fixture.shows(run, 'here', 60_000);
    const waiting: RunId[] = [];
    for (let n = 0; n < 4; n++) waiting.push(await fixture.request('print("at last")\n'));
    await first.kill();
    expect(await Promise.all(waiting.map(starts))).toEqual([[], [], [], []]);
    await start('again');
    await expectNothingLeft(first).catch(async (error: unknown) => {
      // Those that had waited are at work by now.
      if (folders(first).some((run) => runs.includes(run as RunId))) throw error;
    });
    await expectInterrupted(runs);
    for (const run of waiting) {
      await fixture.shows(run, 'at last', 40_000);
      expect(await starts(run)).toHaveLength(1);
    }
  });

  it('kill -9 at any moment between job and start: every run ends, or runs elsewhere, and none twice', async () => {
    const runs: RunId[] = [];
    for (let round = 0; round < 4; round++) {
      const victim = await start(`victim-${round}`, { MAX_CONCURRENT_EXECUTIONS: '4' });
      const asked = Array.from({ length: 4 }, () => fixture.request('print("ran")\n'));
      await sleep(round * 25);
      await victim.kill();
      runs.push(...(await Promise.all(asked)));
    }
    await start('survivor');
    const ends = { interrupted: 0, ran: 0 };
    for (const run of runs) {
      const all = await eventually(
        async () => {
          const events = await fixture.events(run);
          return events.some(({ type }) => type === 'ReplEntered' || type === 'RunFinished') && events;
        },
        `the end of ${run}`,
        60_000,
      );
      const ended = all.some(({ type }) => type === 'RunFinished');
      ends[ended ? 'interrupted' : 'ran'] += 1;
      expect(all.filter(({ type }) => type === 'RunStarted')).toHaveLength(1);
      expect(outputOf(all).split('ran\n').length).toBeLessThanOrEqual(2);
    }
    expect(ends.ran).toBeGreaterThan(0);
    for (const executor of executors.slice(0, 4)) await expectNothingLeft(executor);
  });

  it('two on one queue: each run once; one that stops hands over what waits, and nothing twice', async () => {
    const one = await start('one', { MAX_CONCURRENT_EXECUTIONS: '2' });
    await start('two', { MAX_CONCURRENT_EXECUTIONS: '2' });
    const program = 'import time\nprint("once", flush=True)\ntime.sleep(0.4)\n';
    const runs: RunId[] = [];
    for (let n = 0; n < 14; n++) runs.push(await fixture.request(program));
    await eventually(async () => (await Promise.all(runs.map(starts))).flat().length >= 4, 'the first four', 20_000);
    expect(await one.stop()).toBe(0);
    const by = new Map<string, number>();
    for (const run of runs) {
      const all = await eventually(
        async () => {
          const events = await fixture.events(run);
          return events.some(({ type }) => type === 'ReplEntered' || type === 'RunFinished') && events;
        },
        `the end of ${run}`,
        40_000,
      );
      expect(all.filter(({ type }) => type === 'RunStarted')).toHaveLength(1);
      const interrupted = all.flatMap((event: RunEvent) =>
        event.type === 'RunFinished' ? [event.data.outcome.kind] : [],
      );
      if (interrupted.length > 0) expect([interrupted, await executorOf(run)]).toEqual([['interrupted'], one.name]);
      expect(outputOf(all).split('once\n').length).toBeLessThanOrEqual(2);
      const executor = (await executorOf(run)) ?? '';
      by.set(executor, (by.get(executor) ?? 0) + 1);
    }
    expect([...by.keys()].sort()).toEqual(executors.map(({ name }) => name).sort());
    expect((await fixture.saidBy(one.name)).map(({ type }) => type)).toEqual(['ExecutorStarted', 'ExecutorStopped']);
    await expectNothingLeft(one);
  });

  it("Postgres' backends killed again and again during output: every line is there, once and in order", async () => {
    const steady = await start('steady');
    const id = await fixture.request(
      'import time\nfor n in range(300):\n    print(f"line {n}", flush=True)\n    time.sleep(0.01)\nprint("done")\n',
    );
    await fixture.shows(id, 'line 5\n');
    for (let n = 0; n < 6; n++) {
      await endBackends(fixture.database.url);
      await sleep(250);
    }
    let last = '';
    const shown = await eventually(
      async () => {
        last = await fixture.output(id).catch((error: unknown) => String(error));
        return last.includes('done\n') && last;
      },
      () =>
        `the last line after ${JSON.stringify(last.slice(-200))}, by an executor that said ${steady.said.slice(-2_000)},`,
      40_000,
    );
    const expected = Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join('');
    expect(shown.startsWith(`${expected}done\n`)).toBe(true);
    await fixture.cancel(id);
    expect(await fixture.outcome(id)).toEqual({ kind: 'cancelled' });
    const next = await fixture.request('print("goes on")\n');
    await fixture.shows(next, 'goes on', 40_000);
  });
});

/** Ends every other connection to the database, as a restart of Postgres does. */
async function endBackends(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await client.end();
}

function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder));
}
