import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { asId, encodeEvent, RUN_QUEUE, type RunId, type RunRequested, streamOf } from '@palimpsest/domain';
import { ReadModels } from '@palimpsest/projections';
import { eventually, RedisServer } from '@palimpsest/test-support';
import { createPostgresBackend, Queue } from 'bullmq';
import { readConfiguration } from '../configuration.js';
import { TestApi } from '../testing/test-api.js';
import { RunQueue } from './run-queue.js';

describe.each(['Postgres', 'Redis'] as const)('the reactor that queues runs in %s', (place) => {
  let api: TestApi;
  let redis: RedisServer | undefined;
  let queue: Queue;

  beforeAll(async () => {
    if (place === 'Redis') redis = await RedisServer.start();
    if (redis) process.env['REDIS_URL'] = redis.url;
    api = await TestApi.start();
    queue = redis ? new Queue(RUN_QUEUE, { connection: { url: redis.url } }) : queueInPostgres(api.databaseUrl);
  });
  afterAll(async () => {
    delete process.env['REDIS_URL'];
    await queue.close();
    await api.stop();
    await redis?.stop();
  });

  async function request(): Promise<RunId> {
    const id = asId<RunId>(randomUUID());
    const data: RunRequested['data'] = {
      ...{ id, by: asId(randomUUID()), workspace: asId(randomUUID()), course: asId(randomUUID()) },
      ...{ mode: 'repl', entry: null, files: [], columns: 80, rows: 24 },
    };
    const encoded = encodeEvent({ type: 'RunRequested', data }, { actor: { id: 'x', role: 'student', via: 'web' } });
    await api.store.append(streamOf.run(id), [{ id: randomUUID(), ...encoded }], { expected: 'noStream' });
    return id;
  }

  const queued = async () => (await queue.getJobs(['waiting'])).map((job) => job.id);

  it('queues what was recorded while it worked, and what was recorded while no api was there, each once', async () => {
    const live = await request();
    await eventually(async () => (await queued()).includes(live), 'the job');
    await api.close();
    const missed = await request();
    expect(await queued()).toEqual([live]);
    const again = new RunQueue(api.store, api.pool, readConfiguration(process.env));
    again.onModuleInit();
    await eventually(async () => (await queued()).includes(missed), 'the job that was missed');
    await again.onApplicationShutdown();
    expect((await queued()).sort()).toEqual([live, missed].sort());
  });

  const onRedis = place === 'Redis' ? it : () => undefined;

  onRedis('queues what was recorded while Redis was away, and what was queued before is still there', async () => {
    const reactor = new RunQueue(api.store, api.pool, readConfiguration(process.env));
    reactor.onModuleInit();
    const before = await request();
    await eventually(async () => (await queued()).includes(before), 'the job before');
    let meanwhile: RunId | undefined;
    await redis?.restart(async () => void (meanwhile = await request()));
    await eventually(async () => (await queued()).includes(meanwhile), 'the job that was asked for meanwhile', 20_000);
    expect(await queued()).toContain(before);
    expect(reactor.faults()).toEqual([]);
    await reactor.onApplicationShutdown();
  });

  it('stops at the checkpoint of another log and says so; a rebuild lets it begin with the new one', async () => {
    await api.pool.query(`update read.checkpoint set epoch = 'another' where projection = 'run-queue'`);
    const stale = new RunQueue(api.store, api.pool, readConfiguration(process.env));
    stale.onModuleInit();
    const [fault] = await eventually(() => stale.faults().length > 0 && stale.faults(), 'the fault');
    expect(fault).toContain('--rebuild-read-models');
    await stale.onApplicationShutdown();
    await new ReadModels(api.store, api.pool, api.databaseUrl).rebuildAll({ ownerUrl: api.ownerUrl });
    const fresh = new RunQueue(api.store, api.pool, readConfiguration(process.env));
    fresh.onModuleInit();
    const later = await request();
    await eventually(async () => (await queued()).includes(later), 'the job');
    expect(fresh.faults()).toEqual([]);
    await fresh.onApplicationShutdown();
  });
});

function queueInPostgres(connectionString: string): Queue {
  const connection = { connectionString, schema: 'bullmq' };
  return new Queue(RUN_QUEUE, { connection: connection as never }, createPostgresBackend as never);
}
