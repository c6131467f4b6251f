import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvent, readMetadata, streamOf } from '@palimpsest/domain';
import type { ProblemDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { accountId } from '../auth/account-id.js';
import { contextOf } from '../auth/principal.js';
import { PersonLimits } from '../collaboration/person-limits.js';
import { TestApi } from '../testing/test-api.js';
import { LimitRecords } from './limit-records.js';
import { RateLimits } from './rate-limits.js';

describe('limits of requests', () => {
  let api: TestApi;
  let other: TestApi;
  let ada: string;
  let own: WorkspaceDto;
  const SET = {
    RUNS_PER_MINUTE: '10',
    STAFF_RUNS_PER_MINUTE: '12',
    FILE_OPERATIONS_PER_MINUTE: '100',
    SIGN_INS_PER_MINUTE: '40',
  };

  beforeAll(async () => {
    Object.assign(process.env, SET);
    api = await TestApi.start();
    other = await api.anotherNode();
    ada = await api.signIn('ada');
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(async () => {
    await other.stop();
    await api.stop();
  });

  const run = (node: TestApi, token: string, workspace: string, headers = {}) =>
    node.call<ProblemDto>('POST', '/api/runs', { token, body: { workspace, mode: 'repl' }, headers });

  async function reached(who: (actor: string) => boolean) {
    const now = new Date();
    const found = [];
    for await (const event of api.store.readStream(
      streamOf.audit({ year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 }),
    )) {
      const read = readEvent(event);
      if (read.type === 'LimitReached' && who(readMetadata(event).actor.id)) found.push(read.data);
    }
    return found;
  }

  it('the 10th run of a minute passes, the 11th is refused on every node and told when the next may come', async () => {
    for (let n = 0; n < 10; n++) {
      const passed = await run(n % 2 === 0 ? api : other, ada, own.id);
      expect(passed.status).toBe(201);
      expect(passed.headers.get('ratelimit')).toMatch(new RegExp(`^"runs-a-minute";r=${9 - n};t=\\d+$`));
      expect(passed.headers.get('ratelimit-policy')).toBe('"runs-a-minute";q=10;w=60');
    }
    for (const node of [api, other]) {
      const { status, body, headers } = await run(node, ada, own.id);
      expect(status).toBe(429);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      const seconds = Number(headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(body).toMatchObject({
        code: 'limit-reached',
        detail: `10 runs a minute used. Next run in ${seconds} s.`,
        limit: { name: 'runs-a-minute', most: 10, windowSeconds: 60, retryAfterSeconds: seconds },
      });
      expect(headers.get('ratelimit')).toBe(`"runs-a-minute";r=0;t=${seconds}`);
    }
  });

  it('a flood is one event at once, and then one with a count', async () => {
    for (let n = 0; n < 24; n++) expect((await run(api, ada, own.id)).status).toBe(429);
    const isAda = (actor: string) => actor === accountId('ada');
    await eventually(async () => (await reached(isAda)).length >= 2, 'an event of each node');
    await api.app.get(LimitRecords).onApplicationShutdown(); // as after a minute
    const events = await reached(isAda);
    expect(events.map(({ limit, most, refusals = 1 }) => [limit, most, refusals])).toEqual([
      ['runs-a-minute', 10, 1],
      ['runs-a-minute', 10, 1],
      ['runs-a-minute', 10, 24],
    ]);
  });

  it('frees when the minute is over', async () => {
    await api.pool.query(`update ops.rate_limit set expire = 0 where key like 'runs-a-minute:%'`);
    // The nodes that have refused remember until when; a third one has not.
    const third = await api.anotherNode();
    expect((await run(third, ada, own.id)).status).toBe(201);
    await third.stop();
  });

  it('staff have limits of their own, and nobody uses up those of another', async () => {
    const hopper = await api.signIn('hopper');
    const pair = await api.workspace(hopper, /Pair/);
    for (let n = 0; n < 12; n++) expect((await run(api, hopper, pair.id)).status).toBe(201);
    expect((await run(api, hopper, pair.id)).body.detail).toContain('12 runs a minute used');
  });

  it('a repeated command uses nothing up, and a refused one can be sent again with its key', async () => {
    const ben = await api.signIn('ben');
    const pair = await api.workspace(ben, /Pair/);
    const key = { 'idempotency-key': randomUUID() };
    for (let n = 0; n < 15; n++) expect((await run(api, ben, pair.id, key)).status).toBe(201);
    for (let n = 0; n < 9; n++) await run(api, ben, pair.id);
    const late = { 'idempotency-key': randomUUID() };
    expect((await run(api, ben, pair.id, late)).status).toBe(429);
    const { rowCount } = await api.pool.query('select 1 from ops.idempotency where key = $1', [
      late['idempotency-key'],
    ]);
    expect(rowCount).toBe(0);
  });

  it('the 100th file operation passes and the 101st does not', async () => {
    const chloe = await api.signIn('chloe');
    const workspace = await api.workspace(chloe, /Pair/);
    const missing = `/api/workspaces/${workspace.id}/files/${randomUUID()}`;
    const statuses = new Map<number, number>();
    for (let n = 0; n < 101; n++) {
      const { status } = await api.call('DELETE', missing, { token: chloe });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [404, 100],
      [429, 1],
    ]);
  });

  it('signing in is limited by address, and recorded for it', async () => {
    const statuses = new Set<number>();
    for (let n = 0; n < 41; n++) {
      const body = { username: 'nobody', password: '' };
      statuses.add((await api.call('POST', '/api/auth/sign-in', { body })).status);
    }
    expect([...statuses]).toEqual([400, 429]);
    await eventually(
      async () => (await reached((actor) => actor === 'anonymous')).some(({ limit }) => limit === 'sign-ins-a-minute'),
      'the event',
    );
  });

  it('counts while the store of the counts is away', async () => {
    const limits = api.app.get(RateLimits);
    await api.pool.query('select 1');
    const owner = await ownerOf(api);
    await owner('alter table ops.rate_limit rename to rate_limit_away');
    try {
      const whose = { id: randomUUID(), role: 'student' as const };
      const taken = [];
      for (let n = 0; n < 11; n++) taken.push((await limits.take('runs-a-minute', whose)).allowed);
      expect(taken).toEqual([...Array<boolean>(10).fill(true), false]);
    } finally {
      await owner('alter table ops.rate_limit_away rename to rate_limit');
    }
  });

  it('messages to files are counted over all nodes, without a question for each', async () => {
    const id = accountId('dan');
    const principal = {
      userId: id,
      sessionId: randomUUID(),
      username: 'dan',
      displayName: 'Dan',
      mustChangePassword: false,
      role: 'student' as const,
    };
    const context = contextOf(principal, 'websocket');
    const nodes = await Promise.all([api.anotherNode(), api.anotherNode(), api.anotherNode()]);
    try {
      let passed = 0;
      for (const node of nodes)
        for (let n = 0; n < 300; n++) if (node.app.get(PersonLimits).takeMessage(10, context) === 0) passed += 1;
      expect(passed).toBeGreaterThanOrEqual(900); // at once: nobody was asked
      // They go on: a count that was late, on a busy machine, is made good by the next. A node alone never waits for so long.
      await eventually(
        () => {
          for (const node of nodes) node.app.get(PersonLimits).takeMessage(10, context);
          return nodes.some((node) => node.app.get(PersonLimits).waitOf(id) > 10_000);
        },
        'a node learning that it was too much',
        40_000,
      );
    } finally {
      for (const node of nodes) await node.stop();
    }
  }, 60_000);
});

async function ownerOf(api: TestApi): Promise<(sql: string) => Promise<void>> {
  const { default: pg } = await import('pg');
  return async (sql) => {
    const client = new pg.Client({ connectionString: api.ownerUrl });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
}
