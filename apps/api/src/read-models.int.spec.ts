import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Position } from '@palimpsest/event-store';
import { projectorNamed, PROJECTORS, ReadModels } from '@palimpsest/projections';
import type { AuditPageDto, CourseDto, ProblemDto, RunDto, WorkspaceDto, WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { TestApi } from './testing/test-api.js';

/** Columns that a rebuild may give other values: the number of an audit entry only orders it, and numbers are not used twice. */
const VOLATILE = new Set(['entry_no']);

describe('what is written is what is read', () => {
  let api: TestApi;
  let ada = '';
  let workspace: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    workspace = await api.workspace(ada, /Pair/);
  });
  afterAll(() => api.stop());

  const files = () => `/api/workspaces/${workspace.id}/files`;
  const create = (body: object, token = ada) => api.call<WrittenDto & ProblemDto>('POST', files(), { token, body });
  const paths = async (after: string | null) => {
    const { body } = await api.call<WorkspaceDto>('GET', `/api/workspaces/${workspace.id}?after=${after}`, {
      token: ada,
    });
    return body.files.map(({ path }) => path);
  };

  it('files are made, moved, deleted and restored; one sees at once what one did', async () => {
    const made = await create({ path: 'lib/a.py', text: 'x = 1\n' });
    expect(made.status).toBe(201);
    expect(await paths(made.body.position)).toEqual(['lib/a.py', 'main.py']);
    const file = `${files()}/${made.body.id}`;
    const moved = await api.call<WrittenDto>('PATCH', file, { token: ada, body: { path: 'b.py' } });
    expect(await paths(moved.body.position)).toEqual(['b.py', 'main.py']);
    const deleted = await api.call<WrittenDto>('DELETE', file, { token: ada });
    expect(await paths(deleted.body.position)).toEqual(['main.py']);
    const restored = await api.call<WrittenDto>('POST', `${file}/restore`, { token: ada });
    expect(await paths(restored.body.position)).toEqual(['b.py', 'main.py']);
  });

  it('refusals have a status, a stable code and a sentence', async () => {
    const taken = await create({ path: 'MAIN.py' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'path-taken' } });
    const outside = await create({ path: '../../etc/passwd' });
    expect(outside).toMatchObject({ status: 422, body: { code: 'invalid-path' } });
    const long = await create({ path: 'x'.repeat(1_001) });
    expect(long).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    const large = await create({ path: 'large.txt', text: 'x'.repeat(1_000_001) });
    expect(large.status).toBe(400);
    const largest = await create({ path: 'large.txt', text: 'x'.repeat(900_000) });
    expect(largest.status).toBe(201);
    const nowhere = await api.call<ProblemDto>('GET', '/api/nowhere', { token: ada });
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const position = await api.call<ProblemDto>('GET', `/api/workspaces/${workspace.id}?after=no%20position`, {
      token: ada,
    });
    expect(position.status).toBe(400);
  });

  it('what a person may not see looks as if it were not there; what they may only see cannot be changed', async () => {
    const ben = await api.signIn('ben');
    const own = await api.workspace(ada, /Ada/);
    const foreign = await api.call<ProblemDto>('GET', `/api/workspaces/${own.id}`, { token: ben });
    const missing = await api.call<ProblemDto>('GET', `/api/workspaces/${own.id.replace(/^./, '0')}`, { token: ben });
    expect([foreign.status, foreign.body]).toEqual([404, missing.body]);
    const history = await api.call('GET', `/api/files/${own.files[0]?.id}/history`, { token: ben });
    expect(history.status).toBe(404);
    const run = { workspace: own.id, mode: 'script', entry: 'main.py' };
    expect((await api.call('POST', '/api/runs', { token: ben, body: run })).status).toBe(404);
    const notes = await api.workspace(ada, /Lecture/);
    expect(
      (await api.call('POST', `/api/workspaces/${notes.id}/files`, { token: ada, body: { path: 'x.py' } })).status,
    ).toBe(403);
    expect((await api.call('POST', '/api/runs', { token: ada, body: { ...run, workspace: notes.id } })).status).toBe(
      403,
    );
    const { body: courses } = await api.call<CourseDto[]>('GET', '/api/courses', { token: ben });
    expect(courses[0]?.workspaces.map(({ name }) => name).sort()).toEqual([
      'Ben’s workspace',
      'Lecture Notes',
      'Pair programming',
      'Temperatures',
      'Values, names, input',
    ]);
    expect(courses[0]?.members).toEqual([]);
  });

  it('a run is asked for, listed, and stopped once', async () => {
    const body = { workspace: workspace.id, mode: 'script', entry: 'main.py' };
    const asked = await api.call<WrittenDto>('POST', '/api/runs', { token: ada, body });
    const { body: runs } = await api.call<RunDto[]>(
      'GET',
      `/api/workspaces/${workspace.id}/runs?after=${asked.body.position}`,
      {
        token: ada,
      },
    );
    expect(runs[0]).toMatchObject({ id: asked.body.id, byName: 'Ada', entry: 'main.py', state: 'queued' });
    const missing = await api.call<ProblemDto>('POST', '/api/runs', {
      token: ada,
      body: { ...body, entry: 'none.py' },
    });
    expect(missing).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const cancelled = await api.call<WrittenDto>('POST', `/api/runs/${asked.body.id}/cancel`, { token: ada });
    expect(cancelled.body.position).not.toBeNull();
    const again = await api.call<WrittenDto>('POST', `/api/runs/${asked.body.id}/cancel`, { token: ada });
    expect(again.body.position).toBeNull();
  });

  it('the auditor finds people and kinds; students are refused, and that is recorded', async () => {
    const refused = await api.call<ProblemDto>('GET', '/api/audit/events', { token: ada });
    expect(refused.status).toBe(403);
    const token = await api.signIn('auditor');
    const head = await api.store.head();
    const query = async (words: string) =>
      (await api.call<AuditPageDto>('GET', `/api/audit/events?after=${head}&${words}`, { token })).body;
    const mine = await query('actor=ada&type=AccessRefused');
    expect(mine.entries).toHaveLength(1);
    expect(mine.entries[0]).toMatchObject({
      actorName: 'Ada',
      actorRole: 'student',
      summary: 'refused: read the audit log',
    });
    const fileEvents = await query('actor=ada&type=File*');
    expect(new Set(fileEvents.entries.map(({ type }) => type))).toEqual(
      new Set(['FileEdited', 'FileCreated', 'FileMoved', 'FileDeleted', 'FileRestored']),
    );
    expect((await query('actor=nobody')).entries).toEqual([]);
    const first = await query('limit=2');
    const second = await query(`limit=2&before=${first.next}`);
    expect(first.entries).toHaveLength(2);
    expect(second.entries.map(({ id }) => id)).not.toContain(first.entries[1]?.id);
    const future = await query(`from=${encodeURIComponent('2999-01-01T00:00:00Z')}`);
    expect(future.entries).toEqual([]);
    for (const bad of ['limit=0', 'limit=501', 'type=%2A', 'from=yesterday', 'before=x', 'unknown=1'])
      expect((await api.call('GET', `/api/audit/events?${bad}`, { token })).status).toBe(400);
    await eventually(
      async () => (await query('type=LogQueried&actor=auditor')).entries.length > 3,
      "the auditor's own looks",
    );
  });

  it('the read models, built anew, have the same content as those that were kept up to date', async () => {
    const before = await content();
    await api.close();
    const models = new ReadModels(api.store, api.pool, api.databaseUrl);
    await models.rebuildAll({ ownerUrl: api.ownerUrl });
    models.start();
    const head = (await api.store.head()) as Position;
    for (const name of ['directory', 'runs', 'audit', 'activity'] as const) await models.waitFor(name, head);
    await models.stop();
    expect(await content()).toEqual(before);
  });

  it('only those of an older version are built by themselves, and none that belongs to another log', async () => {
    const before = await content();
    const models = new ReadModels(api.store, api.pool, api.databaseUrl);
    expect(await models.rebuildOutdated({ ownerUrl: api.ownerUrl })).toEqual([]);
    await api.pool.query(`update read.checkpoint set version = 0 where projection <> 'directory'`);
    await api.pool.query(`update read.checkpoint set epoch = 'another' where projection = 'runs'`);
    await api.pool.query(`delete from read.audit_entry`);
    const lines: string[] = [];
    const onProgress = ({ projection, version }: { projection: string; version: number }) =>
      void lines.push(`${projection} ${version}`);
    expect(await models.rebuildOutdated({ ownerUrl: api.ownerUrl, onProgress })).toEqual(['audit', 'activity']);
    expect(new Set(lines)).toEqual(
      new Set(['audit', 'activity'].map((name) => `${name} ${projectorNamed(name).version}`)),
    );
    await models.rebuildAll({ ownerUrl: api.ownerUrl });
    expect(await content()).toEqual(before);
  });

  /** Every row of every read model. The last events may still be under way: wait for them first. */
  async function content(): Promise<Record<string, unknown[]>> {
    const head = (await api.store.head()) as Position;
    const waiting = new ReadModels(api.store, api.pool, api.databaseUrl);
    for (const name of ['directory', 'runs', 'audit', 'activity'] as const) await waiting.waitFor(name, head);
    const tables: Record<string, unknown[]> = {};
    for (const table of PROJECTORS.flatMap((projector) => projector.tables)) {
      const { rows } = await api.pool.query<Record<string, unknown>>(`select * from read.${table}`);
      tables[table] = rows
        .map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !VOLATILE.has(column))))
        .sort();
    }
    return tables;
  }
});
