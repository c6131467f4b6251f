import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  asId,
  encodeEvent,
  executorLock,
  type ExecutorEvent,
  readEvent,
  RUN_QUEUE,
  type RunEvent,
  type RunId,
  type RunRequested,
  streamOf,
  SYSTEM,
} from '@palimpsest/domain';
import { ReadModels } from '@palimpsest/projections';
import { eventually, RedisServer } from '@palimpsest/test-support';
import { createPostgresBackend, Queue } from 'bullmq';
import pg from 'pg';
import { readConfiguration } from '../configuration.js';
import { TestApi } from '../testing/test-api.js';
import { RegisterWatch } from './register-watch.js';
import { RunPlaces, type ShownPlace } from './run-places.js';
import { RunQueue } from './run-queue.js';

interface Node {
  readonly queue: RunQueue;
  stop(): Promise<void>;
}

/** The queue's part of another api process. */
function startNode(api: TestApi): Node {
  const configuration = readConfiguration(process.env);
  const watch = new RegisterWatch(configuration);
  const queue = new RunQueue(api.store, api.pool, configuration, watch);
  queue.onModuleInit();
  watch.onModuleInit();
  const stop = async () => {
    await queue.onApplicationShutdown();
    await watch.onApplicationShutdown();
  };
  return { queue, stop };
}

type Backend = 'Postgres' | 'Redis';

function queueInPostgres(connectionString: string): Queue {
  const connection = { connectionString, schema: 'bullmq' };
  return new Queue(RUN_QUEUE, { connection: connection as never }, createPostgresBackend as never);
}

/** A log, a queue and the api, without an executor: the test says what one would. */
class Classroom {
  private constructor(
    readonly api: TestApi,
    readonly queue: Queue,
    readonly redis: RedisServer | undefined,
  ) {}

  static async open(backend: Backend): Promise<Classroom> {
    const redis = backend === 'Redis' ? await RedisServer.start() : undefined;
    if (redis) process.env['REDIS_URL'] = redis.url;
    const api = await TestApi.start();
    const queue = redis ? new Queue(RUN_QUEUE, { connection: { url: redis.url } }) : queueInPostgres(api.databaseUrl);
    queue.on('error', () => undefined); // of a Redis that is killed
    return new Classroom(api, queue, redis);
  }

  async close(): Promise<void> {
    delete process.env['REDIS_URL'];
    await this.queue.close();
    await this.api.stop();
    await this.redis?.stop();
  }

  /** Records a request, and in the same append the start by `executor`. */
  async request(by: string = randomUUID(), id = asId<RunId>(randomUUID()), executor?: string): Promise<RunId> {
    const data: RunRequested['data'] = {
      ...{ id, by: asId(by), workspace: asId(randomUUID()), course: asId(randomUUID()) },
      ...{ mode: 'repl', entry: null, files: [], columns: 80, rows: 24 },
    };
    const start = executor === undefined ? [] : [startedBy(executor)];
    await this.append(id, { type: 'RunRequested', data }, ...start);
    return id;
  }

  /** As the register has it; undefined: the run is not there. */
  async stateOf(run: RunId): Promise<string | undefined> {
    const { rows } = await this.api.pool.query<{ state: string }>('select state from ops.alive_run where run = $1', [
      run,
    ]);
    return rows[0]?.state;
  }

  /** Of a person's runs, in the order in which they came. */
  async turns(person: string): Promise<(number | null)[]> {
    const { rows } = await this.api.pool.query<{ turn: number | null }>(
      'select turn from ops.alive_run where person = $1 order by arrival',
      [person],
    );
    return rows.map(({ turn }) => turn);
  }

  async append(run: RunId, ...events: RunEvent[]): Promise<void> {
    const encoded = events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, { actor: SYSTEM }) }));
    await this.api.store.append(streamOf.run(run), encoded, { expected: 'any' });
  }

  async say(executor: string, event: ExecutorEvent): Promise<void> {
    const encoded = { id: randomUUID(), ...encodeEvent(event, { actor: SYSTEM }) };
    await this.api.store.append(streamOf.executor(executor), [encoded], { expected: 'any' });
  }

  start(run: RunId, executor: string): Promise<void> {
    return this.append(run, startedBy(executor));
  }

  finish(run: RunId): Promise<void> {
    return this.append(run, { type: 'RunFinished', data: { outcome: { kind: 'exited', code: 0 }, usage: null } });
  }

  async outcomes(run: RunId): Promise<string[]> {
    const found: string[] = [];
    for await (const recorded of this.api.store.readStream(streamOf.run(run))) {
      const event = readEvent(recorded);
      if (event.type === 'RunFinished') found.push(event.data.outcome.kind);
    }
    return found;
  }

  /** Ids of the jobs that wait, the one that is taken next first. */
  async jobs(): Promise<(string | undefined)[]> {
    const jobs = await this.queue.getJobs(['waiting', 'prioritized'], 0, -1, true);
    return jobs.map((job) => job.id);
  }

  /** Waits until the waiting jobs are exactly these, in this order. */
  async holds(...runs: readonly RunId[]): Promise<void> {
    let last: unknown;
    await eventually(
      async () => JSON.stringify((last = await this.jobs())) === JSON.stringify(runs),
      () => `the jobs being ${JSON.stringify(runs)}; they are ${JSON.stringify(last)}, which`,
    );
  }
}

/** Holds the lock of an executor as its process would. */
async function liveExecutor(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [executorLock(name)]);
  return client;
}

function startedBy(executor: string): RunEvent {
  return { type: 'RunStarted', data: { executor, attempt: randomUUID(), sandbox: 'full', startedAt: 1 } };
}

const started: ExecutorEvent = { type: 'ExecutorStarted', data: { places: 4, sandbox: 'full', reason: null } };

describe.each<Backend>(['Postgres', 'Redis'])('the reactor that queues runs in %s', (backend) => {
  let room: Classroom;
  beforeAll(async () => (room = await Classroom.open(backend)));
  afterAll(() => room.close());

  it('queues what was recorded while it worked, and what was recorded while no api was there, each once', async () => {
    const live = await room.request();
    await room.holds(live);
    await room.api.close();
    const missed = await room.request();
    expect(await room.jobs()).toEqual([live]);
    const again = startNode(room.api);
    await room.holds(live, missed);
    await again.stop();
  });

  const onRedis = backend === 'Redis' ? it : () => undefined;

  onRedis('queues what was recorded while Redis was away, and what was queued before is still there', async () => {
    const node = startNode(room.api);
    const before = await room.request();
    await eventually(async () => (await room.jobs()).includes(before), 'the job before');
    let meanwhile: RunId | undefined;
    await room.redis?.restart(async () => {
      meanwhile = await room.request();
      const [fault] = await eventually(() => node.queue.faults().length > 0 && node.queue.faults(), 'the fault');
      expect(fault).toContain('Runs cannot be queued just now');
    });
    await eventually(
      async () => (await room.jobs()).includes(meanwhile),
      'the job that was asked for meanwhile',
      20_000,
    );
    expect(await room.jobs()).toContain(before);
    await eventually(() => node.queue.faults().length === 0, 'the fault passing');
    await node.stop();
  });

  it('stops at the checkpoint of another log and says so; a rebuild lets it begin with the new one', async () => {
    const { api } = room;
    await api.pool.query(`update read.checkpoint set epoch = 'another' where projection = 'run-queue'`);
    const stale = startNode(api);
    const [fault] = await eventually(() => stale.queue.faults().length > 0 && stale.queue.faults(), 'the fault');
    expect(fault).toContain('--rebuild-read-models');
    await stale.stop();
    await new ReadModels(api.store, api.pool, api.databaseUrl).rebuildAll({ ownerUrl: api.ownerUrl });
    const fresh = startNode(api);
    const later = await room.request();
    await eventually(async () => (await room.jobs()).includes(later), 'the job');
    expect(fresh.queue.faults()).toEqual([]);
    await fresh.stop();
  });
});

describe.each<Backend>(['Postgres', 'Redis'])('turns and places in %s', (backend) => {
  let room: Classroom;
  let locks: pg.Client[] = [];
  const [ada, ben] = [randomUUID(), randomUUID()];
  beforeAll(async () => (room = await Classroom.open(backend)));
  afterAll(async () => {
    for (const lock of locks.splice(0)) await lock.end();
    await room.close();
  });

  it("ten of one person do not delay another's first; beyond the limit there is no job until one ends", async () => {
    const a: RunId[] = [];
    for (let n = 0; n < 10; n++) a.push(await room.request(ada));
    const b = await room.request(ben);
    const [a1, a2, a3, a4] = a as [RunId, RunId, RunId, RunId];
    await room.holds(a1, b, a2, a3);
    locks = [await liveExecutor(room.api.ownerUrl, 'e1')];
    await room.say('e1', started);
    await room.start(a1, 'e1');
    await (await room.queue.getJob(a1))?.remove(); // as if it had been taken
    await room.finish(a1);
    await room.holds(b, a2, a3, a4);
    for (const run of [...a.slice(1), b]) await room.finish(run);
    await eventually(async () => (await room.api.pool.query('select from ops.alive_run')).rowCount === 0, 'the end');
    await room.queue.obliterate({ force: true });
  });

  it('a run is hastened if its person has no other; what was hastened with a wrong turn gets the right one', async () => {
    const node = room.api.app.get(RunQueue);
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()].map((id) => asId<RunId>(id));
    node.hasten(first!, ada);
    node.hasten(second!, ada);
    await room.holds(first!);
    // As another node would, that had not heard of the first.
    await room.queue.add('run', { runId: third }, { jobId: third!, priority: 1 });
    for (const run of [first!, second!, third!]) await room.request(ada, run);
    const others = await room.request(ben);
    await room.holds(first!, others, second!, third!);
    // The jobs are moved first, and then what was done is committed.
    await eventually(async () => String(await room.turns(ada)) === '1,2,3', 'the register having their turns');
    const late = asId<RunId>(randomUUID());
    node.hasten(late, ben);
    await new Promise((done) => setTimeout(done, 300));
    expect(await room.jobs()).not.toContain(late);
    // One that was started before the register had it hinders nobody's next one.
    const [cat, next] = [randomUUID(), asId<RunId>(randomUUID())];
    const quick = asId<RunId>(randomUUID());
    node.hasten(quick, cat);
    await eventually(async () => (await room.jobs()).includes(quick), 'the job');
    await room.request(cat, quick, 'e1');
    await eventually(async () => (await room.stateOf(quick)) === 'script', 'the start');
    await room.finish(quick);
    await eventually(async () => (await room.stateOf(quick)) === undefined, 'the end');
    node.hasten(next, cat);
    await eventually(async () => (await room.jobs()).includes(next), 'the next job', 1_000);
    for (const run of [first!, second!, third!, others]) await room.finish(run);
    await eventually(async () => (await room.api.pool.query('select from ops.alive_run')).rowCount === 0, 'the end');
    await room.queue.obliterate({ force: true });
  });

  it('tells the place as it moves, why nothing moves, and reads nothing for those who do not wait', async () => {
    const configuration = readConfiguration(process.env);
    const watch = new RegisterWatch(configuration);
    const places = new RunPlaces(room.api.pool, configuration, watch);
    places.onModuleInit();
    watch.onModuleInit();
    const seen: ShownPlace[] = [];
    const tells = (text: string) =>
      eventually(
        () => seen.at(-1)?.text === text,
        () => `"${text}" after ${JSON.stringify(seen)}`,
      );
    const [first, second] = [await room.request(ada), await room.request(ben)];
    const stop = places.watch(second, (place) => seen.push(place));
    await tells('1 run starts before it');
    await room.start(first, 'e1');
    await tells('it is next');
    await room.say('e1', { type: 'IntakePaused', data: { short: 'memory', measured: 90, threshold: 256 } });
    await tells('it is next; the server is short of memory');
    expect(await places.report()).toEqual({ waiting: 1, executors: 1, hold: 'the server is short of memory' });
    await room.say('e1', { type: 'IntakeResumed', data: { pausedMs: 10 } });
    await tells('it is next');
    await locks.pop()?.end();
    await tells('it is next; no executor is at work; it is started again by itself, or by the administrator');
    stop();
    const before = seen.length;
    await room.finish(second);
    await new Promise((done) => setTimeout(done, 600));
    expect(seen).toHaveLength(before);
    await places.onApplicationShutdown();
    await watch.onApplicationShutdown();
  }, 40_000);

  it('runs of an executor that is gone end as interrupted, one that lives keeps its own', async () => {
    const [gone, kept] = [await room.request(), await room.request()];
    locks.push(await liveExecutor(room.api.ownerUrl, 'lives'));
    for (const name of ['gone', 'lives']) await room.say(name, started);
    await room.start(gone, 'gone');
    await room.append(gone, { type: 'ReplEntered', data: { ms: 1, script: null } }); // its job has ended with the script
    await room.start(kept, 'lives');
    await eventually(async () => (await room.outcomes(gone)).length > 0, 'the end', 20_000);
    expect(await room.outcomes(gone)).toEqual(['interrupted']);
    expect(await room.outcomes(kept)).toEqual([]);
    // The same name again, before anybody noticed: what it ran before is lost.
    await room.say('lives', started);
    await eventually(async () => (await room.outcomes(kept)).length > 0, 'the other end', 20_000);
    expect(await room.outcomes(kept)).toEqual(['interrupted']);
  }, 60_000);

  it('a job that the queue has lost is made anew', async () => {
    const run = await room.request();
    await eventually(async () => (await room.jobs()).includes(run), 'the first job', 20_000);
    await room.queue.obliterate({ force: true });
    expect(await room.jobs()).toEqual([]);
    await eventually(async () => (await room.jobs()).includes(run), 'the job', 40_000);
    await room.finish(run);
  }, 60_000);
});
