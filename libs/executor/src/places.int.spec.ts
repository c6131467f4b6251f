import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '@palimpsest/domain';
import { eventually } from '@palimpsest/test-support';
import { readExecutorConfiguration } from './configuration.js';
import { ExecutorPresence } from './executor-presence.js';
import { QueueFixture } from './queue-fixture.js';
import { consumeRuns, type RunConsumer } from './run-queue.js';
import { DEFAULT_LIMITS } from './sandbox/limits.js';
import { SandboxPool } from './sandbox/sandbox-pool.js';
import { createSandboxFixture, type SandboxFixture } from './sandbox/sandbox-fixture.js';

/** Longer than it takes to start a run, or to see that one waits. */
const A_WHILE_MS = 2_500;

describe('places of an executor', () => {
  let fixture: QueueFixture;
  let sandboxes: SandboxFixture;
  let presence: ExecutorPresence;
  let consumer: RunConsumer;
  const pools: SandboxPool[] = [];

  beforeAll(async () => {
    fixture = await QueueFixture.open();
    sandboxes = await createSandboxFixture();
  });
  afterEach(async () => {
    await consumer.close();
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
    await presence.close();
  });
  afterAll(async () => {
    await sandboxes.dispose();
    await fixture.close();
  });

  async function start(settings: Readonly<Record<string, string>>): Promise<void> {
    const name = `places-${randomUUID().slice(0, 8)}`;
    const runsFolder = join(sandboxes.folder, name);
    await mkdir(runsFolder, { mode: 0o755 });
    const environment = { DATABASE_URL: fixture.database.url, PALIMPSEST_SCRATCH: runsFolder, ...settings };
    presence = new ExecutorPresence(fixture.database.url, name);
    await presence.announce();
    const pool = new SandboxPool(sandboxes.sandbox, { folder: runsFolder, size: 1, limits: DEFAULT_LIMITS });
    pools.push(pool);
    consumer = consumeRuns(readExecutorConfiguration(environment), presence, {
      ...{ store: fixture.store, contents: fixture.contents, blobs: fixture.blobs },
      ...{ sandboxes: pool, limits: DEFAULT_LIMITS, name },
      selfTest: { level: 'full', reason: null },
    });
  }

  const isStarted = async (run: RunId) => (await fixture.events(run)).some(({ type }) => type === 'RunStarted');

  async function staysWaiting(run: RunId): Promise<void> {
    await new Promise((done) => setTimeout(done, A_WHILE_MS));
    expect(await isStarted(run)).toBe(false);
  }

  it('one that waits for input gives its place up; while it goes on, nobody gets another', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '1' });
    const asks = await fixture.request('input("go? ")\nprint("going", flush=True)\nwhile True: pass\n');
    await fixture.shows(asks, 'go? ');
    const second = await fixture.request('input("second? ")\n');
    await fixture.shows(second, 'second? ');
    await fixture.type(asks, '\r');
    await fixture.shows(asks, 'going');
    await new Promise((done) => setTimeout(done, A_WHILE_MS)); // it is seen to be busy
    const third = await fixture.request('print("third")\n');
    await staysWaiting(third);
    await fixture.cancel(asks);
    await fixture.shows(third, 'third');
    for (const run of [second, third]) await fixture.cancel(run);
    for (const run of [second, third]) await fixture.outcome(run);
  });

  it('when all that had closed the intake end at once, it opens again', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '2' });
    const busy = 'input("go? ")\nprint("going", flush=True)\nwhile True: pass\n';
    const runs = [];
    for (let n = 0; n < 4; n++) {
      const run = await fixture.request(busy);
      await fixture.shows(run, 'go? ');
      runs.push(run);
    }
    for (const run of runs) await fixture.type(run, '\r');
    for (const run of runs) await fixture.shows(run, 'going');
    const next = await fixture.request('print("next")\n');
    await staysWaiting(next);
    await Promise.all(runs.map((run) => fixture.cancel(run)));
    await fixture.shows(next, 'next');
    await fixture.cancel(next);
    await fixture.outcome(next);
  });

  it('one that sleeps or computes keeps its place, and the prompt after it has none', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '2' });
    const sleeps = await fixture.request('import time\nprint("on", flush=True)\ntime.sleep(600)\n');
    const computes = await fixture.request(
      'import threading\ndef turn():\n    while True: pass\nthreading.Thread(target=turn, daemon=True).start()\nprint("on", flush=True)\ninput()\n',
    );
    for (const run of [sleeps, computes]) await fixture.shows(run, 'on');
    const third = await fixture.request('print("third")\n');
    await staysWaiting(third);
    await fixture.cancel(computes);
    await fixture.reaches(third, 'ReplEntered');
    const fourth = await fixture.request('print("fourth")\n');
    await fixture.reaches(fourth, 'ReplEntered');
    for (const run of [sleeps, third, fourth]) await fixture.cancel(run);
  });

  it('starts nothing while it may not, keeps what runs, and goes on when it may', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '4' });
    const before = await fixture.request('print("before")\ninput()\n');
    await fixture.shows(before, 'before');
    consumer.allow(false);
    const [one, two] = [await fixture.request('print("one")\n'), await fixture.request('print("two")\n')];
    await staysWaiting(one);
    await staysWaiting(two);
    consumer.allow(true);
    await fixture.shows(one, 'one');
    await fixture.shows(two, 'two');
    await fixture.type(before, '\r');
    await fixture.reaches(before, 'ReplEntered');
    for (const run of [before, one, two]) await fixture.cancel(run);
  });

  it('a job that was handed back is carried out by another executor', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '1' });
    const [closed, closedPresence] = [consumer, presence];
    closed.allow(false);
    const run = await fixture.request('print("elsewhere")\n');
    await staysWaiting(run);
    await start({ MAX_CONCURRENT_EXECUTIONS: '1' });
    await fixture.shows(run, 'elsewhere');
    await fixture.cancel(run);
    await closed.close();
    await closedPresence.close();
  });

  it('prompts beyond the limit end, first of those of the person with the most', async () => {
    await start({ MAX_CONCURRENT_EXECUTIONS: '4', MAX_PROMPTS: '2' });
    const [ada, ben] = [randomUUID(), randomUUID()] as never[];
    const prompt = async (by: never) => {
      const run = await fixture.request('pass\n', { by });
      await fixture.reaches(run, 'ReplEntered');
      return run;
    };
    const bens = await prompt(ben!);
    const first = await prompt(ada!);
    const second = await prompt(ada!);
    expect(await fixture.outcome(first)).toMatchObject({ kind: 'timed-out', limit: 'idle' });
    await eventually(() => consumer.carriesOut(bens) && consumer.carriesOut(second), 'the others going on');
    for (const run of [bens, second]) await fixture.cancel(run);
  });
});
