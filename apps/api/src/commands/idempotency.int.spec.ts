import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { asId, type FileId, streamOf, type WorkspaceId } from '@palimpsest/domain';
import type { ProblemDto, WorkspaceDto, WrittenDto } from '@palimpsest/protocol';
import { TestApi } from '../testing/test-api.js';
import { CommandHandler } from './command-handler.js';
import { IdempotencyKeys } from './idempotency-keys.js';

describe('Idempotency-Key', () => {
  let api: TestApi;
  let ada: string;
  let workspace: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    workspace = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const create = <Body = WrittenDto>(key: string, body: unknown, token = ada) =>
    api.call<Body>('POST', `/api/workspaces/${workspace.id}/files`, {
      token,
      body,
      headers: { 'idempotency-key': key },
    });

  async function eventsOf(stream: string): Promise<string[]> {
    const types = [];
    for await (const { type } of api.store.readStream(stream)) types.push(type);
    return types;
  }

  const treeEvents = () => eventsOf(streamOf.workspace(asId<WorkspaceId>(workspace.id)));

  it('carries a command out once and gives its first answer again', async () => {
    const key = randomUUID();
    const first = await create(key, { path: 'once.py', text: 'a = 1\n' });
    const before = await treeEvents();
    const second = await create(key, { path: 'once.py', text: 'a = 1\n' });
    expect(first.status).toBe(201);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect(await treeEvents()).toEqual(before);
  });

  it('gives a refusal again, also when it would be accepted by now', async () => {
    const key = randomUUID();
    const taken = await create<ProblemDto>(key, { path: 'once.py' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'path-taken' } });
    const files = (await api.workspace(ada, /Ada/)).files;
    const once = files.find(({ path }) => path === 'once.py')!;
    await api.call('DELETE', `/api/workspaces/${workspace.id}/files/${once.id}`, { token: ada });
    const again = await create<ProblemDto>(key, { path: 'once.py' });
    expect([again.status, again.body]).toEqual([409, taken.body]);
    expect((await create(randomUUID(), { path: 'once.py' })).status).toBe(201);
  });

  it('refuses the key for another request, and for a malformed one', async () => {
    const key = randomUUID();
    await create(key, { path: 'one.py' });
    expect(await create(key, { path: 'two.py' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await create('x'.repeat(200), { path: 'longest-key.py' })).toMatchObject({ status: 201 });
    expect(await create('x'.repeat(201), { path: 'too-long-key.py' })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', fields: [{ field: 'Idempotency-Key' }] },
    });
  });

  it('belongs to a person: the same key of another is another', async () => {
    const key = randomUUID();
    const pair = await api.workspace(ada, /Pair/);
    const ben = await api.signIn('ben');
    const asked = [ada, ben].map((token, n) =>
      api.call('POST', `/api/workspaces/${pair.id}/files`, {
        token,
        body: { path: `of-${n}.py` },
        headers: { 'idempotency-key': key },
      }),
    );
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([201, 201]);
  });

  it('lets one of many at the same time through and asks the others to wait', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(key, { path: 'many.py' })));
    const made = answers.filter(({ status }) => status === 201);
    const waiting = answers.filter(({ status }) => status === 409);
    expect(made.length + waiting.length).toBe(12);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    for (const { body, headers } of waiting) {
      expect(body).toMatchObject({ code: 'request-under-way' });
      expect(headers.get('retry-after')).toBe('1');
    }
    expect((await create(key, { path: 'many.py' })).status).toBe(201);
    const paths = (await api.workspace(ada, /Ada/)).files.map(({ path }) => path);
    expect(paths.filter((path) => path.startsWith('many'))).toHaveLength(1);
  });

  it('survives an end between the append and the answer: the repetition finds its own events', async () => {
    const key = randomUUID();
    const body = { path: 'crash.py', text: 'print(1)\n' };
    // What a killed process leaves: everything is appended, and nothing was answered.
    const keep = jest.spyOn(api.app.get(IdempotencyKeys), 'answered').mockResolvedValue();
    const first = await create(key, body);
    keep.mockRestore();
    expect((await create(key, body)).status).toBe(409);
    await api.pool.query(`update ops.idempotency set claimed_at = claimed_at - interval '61 s' where key = $1`, [key]);
    const before = await treeEvents();
    const second = await create(key, body);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotency-replayed')).toBeNull();
    expect(await treeEvents()).toEqual(before);
    expect(await eventsOf(streamOf.file(asId<FileId>(first.body.id)))).toEqual(['FileEdited']);
  });

  it('survives an end in the middle of a command: the rest is done, and nothing twice', async () => {
    const key = randomUUID();
    const body = { path: 'half.py', text: 'print(2)\n' };
    // The file's text is appended, its place in the tree is not.
    const execute = jest
      .spyOn(api.app.get(CommandHandler), 'execute')
      .mockRejectedValueOnce(new Error('the process ended here'));
    expect((await create(key, body)).status).toBe(500);
    execute.mockRestore();
    const second = await create(key, body);
    expect(second.status).toBe(201);
    expect(await eventsOf(streamOf.file(asId<FileId>(second.body.id)))).toEqual(['FileEdited']);
  });

  it('starts one run however often it is asked for', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { workspace: workspace.id, mode: 'repl' };
    const first = await api.call<WrittenDto>('POST', '/api/runs', { token: ada, body, headers });
    const second = await api.call<WrittenDto>('POST', '/api/runs', { token: ada, body, headers });
    expect(second.body).toEqual(first.body);
  });

  it('is forgotten after a day', async () => {
    const key = randomUUID();
    await create(key, { path: 'day.py' });
    const age = (interval: string) =>
      api.pool.query('update ops.idempotency set claimed_at = clock_timestamp() - $2::interval where key = $1', [
        key,
        interval,
      ]);
    const keys = api.app.get(IdempotencyKeys);
    await age('23 h 59 min');
    await keys.forgetOld();
    expect((await create(key, { path: 'day.py' })).headers.get('idempotency-replayed')).toBe('true');
    await age('24 h 1 min');
    expect((await create(key, { path: 'next-day.py' })).status).toBe(201);
    await age('24 h 1 min');
    await keys.forgetOld();
    const left = await api.pool.query('select 1 from ops.idempotency where key = $1', [key]);
    expect(left.rowCount).toBe(0);
  });
});
