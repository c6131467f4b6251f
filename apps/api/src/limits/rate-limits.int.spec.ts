import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, RedisServer } from '@palimpsest/test-support';
import type pg from 'pg';
import { readConfiguration } from '../configuration.js';
import { RateLimits } from './rate-limits.js';

/** The counts in Redis; those in Postgres are in request-limits.int.spec.ts. */
describe('limits counted in Redis', () => {
  let server: RedisServer;
  let nodes: readonly RateLimits[];

  beforeAll(async () => {
    server = await RedisServer.start();
    const configuration = readConfiguration({
      DATABASE_URL: 'postgres://nowhere.invalid/x',
      IDE_SECRET_KEY: 'a key for tests that is long enough',
      REDIS_URL: server.url,
    });
    const noPool = {} as pg.Pool; // whoever asked it would fail
    nodes = [new RateLimits(configuration, noPool), new RateLimits(configuration, noPool)];
  });
  afterAll(async () => {
    for (const node of nodes) node.onApplicationShutdown();
    await server.stop();
  });

  const student = () => ({ id: randomUUID(), role: 'student' as const });

  it('are the same for every node', async () => {
    await eventually(async () => {
      const probe = student();
      for (const node of nodes) await node.take('runs-a-minute', probe);
      return (await nodes[0]!.take('runs-a-minute', probe)).remaining === 7;
    }, 'both nodes being connected');
    const whose = student();
    const taken = [];
    for (let n = 0; n < 12; n++) taken.push(await nodes[n % 2]!.take('runs-a-minute', whose));
    expect(taken.map(({ allowed }) => allowed)).toEqual([...Array<boolean>(10).fill(true), false, false]);
    expect(taken.map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    for (const { resetMs } of taken) expect(resetMs).toBeGreaterThan(50_000);
  });

  it('go on in each node while Redis is away', async () => {
    const whose = student();
    await nodes[0]!.take('runs-a-minute', whose);
    await server.restart(async () => {
      const before = performance.now();
      const taken = [];
      for (let n = 0; n < 11; n++) taken.push((await nodes[0]!.take('runs-a-minute', whose)).allowed);
      expect(taken).toEqual([...Array<boolean>(10).fill(true), false]);
      expect(performance.now() - before).toBeLessThan(5_000);
    });
    await eventually(async () => {
      const probe = student();
      for (const node of nodes) await node.take('runs-a-minute', probe);
      return (await nodes[1]!.take('runs-a-minute', probe)).remaining === 7;
    }, 'Redis being used again');
  });
});
