import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type DomainEvent, encodeEvent } from '@palimpsest/domain';
import type { CourseDto, FileDto, ServiceDto, WorkspaceDto, WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';
import { ServiceState } from './service-state.js';

const SECRET = 'geheimnis';

/** Samples by name and labels. Throws for a line that the exposition format does not know. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Set<string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.trimEnd().split('\n')) {
    const [, comment, name = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) .+$/.exec(line) ?? [];
    if (comment === 'TYPE') {
      if (types.has(name)) throw new Error(`${name} is there twice`);
      types.add(name);
    }
    if (comment) continue;
    const labels = '(?:\\{(?:[a-z]+="[^"\\n]*"(?:,(?=[a-z])|(?=\\})))+\\})?';
    const [, series = '', value] = new RegExp(`^([a-zA-Z_:][\\w:]*${labels}) (-?[\\d.e+-]+|NaN)$`).exec(line) ?? [];
    if (value === undefined || samples.has(series)) throw new Error(`no sample, or one that was there: ${line}`);
    samples.set(series, Number(value));
  }
  return samples;
}

describe('GET /metrics', () => {
  let api: TestApi;
  let ada = '';
  let own: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const scrape = (headers: Record<string, string> = {}, address = api.address) =>
    fetch(`http://${address}/metrics`, { headers });
  const samples = async () => parse(await (await scrape()).text());
  const value = async (series: string) => (await samples()).get(series);

  it('is read from this machine, in the format of Prometheus', async () => {
    const answer = await scrape();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const found = parse(await answer.text());
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'palimpsest_open_rooms'])
      expect(found.get(name)).toBeGreaterThanOrEqual(0);
    expect(found.get('palimpsest_database_up')).toBe(1);
    expect(found.get('palimpsest_database_connections')).toBeGreaterThan(2);
    expect(found.get('palimpsest_sandbox_executors{level="full"}')).toBe(0);
  });

  it('through a proxy it is refused, since that could be anybody', async () => {
    for (const header of ['x-forwarded-for', 'forwarded'])
      expect((await scrape({ [header]: '127.0.0.1' })).status).toBe(403);
  });

  it('with METRICS_TOKEN it is for those who show it, and for nobody else', async () => {
    const token = 'abcdef0123456789';
    const node = await api.anotherNode({ METRICS_TOKEN: token });
    delete process.env['METRICS_TOKEN'];
    for (const [headers, status] of [
      [{}, 401],
      [{ authorization: 'Bearer abcdef012345678' }, 401],
      [{ authorization: `Basic ${token}` }, 401],
      [{ authorization: `Bearer ${token}`, 'x-forwarded-for': '10.0.0.1' }, 200],
    ] as const)
      expect((await scrape(headers, node.address)).status).toBe(status);
    await node.stop();
  });

  it('counts requests by the template of their route, and faults', async () => {
    const series = 'palimpsest_http_request_seconds_count{method="GET",route="/api/workspaces/:id",status="2xx"}';
    const before = (await value(series)) ?? 0;
    await api.call('GET', `/api/workspaces/${own.id}`, { token: ada });
    await eventually(async () => (await value(series)) === before + 1, 'the request being counted');
  });

  it('tells how long edits take to be durable, and runs to start and to say something', async () => {
    const file = own.files.find(({ path }: FileDto) => path === 'main.py')?.id ?? '';
    const client = await new CollabClient(api.address, file, ada).synced();
    client.text.insert(0, '# ');
    await eventually(async () => ((await value('palimpsest_edit_acknowledged_seconds_count')) ?? 0) > 0, 'an edit');
    expect(await value('palimpsest_open_sockets{kind="collab"}')).toBe(1);
    expect(await value('palimpsest_open_rooms')).toBe(1);
    client.end();
    const body = { workspace: own.id, mode: 'script', entry: 'main.py' };
    const { body: asked } = await api.call<WrittenDto>('POST', '/api/runs', { token: ada, body });
    const start = { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: 1 };
    const system = (type: string, data: object) => ({
      id: randomUUID(),
      ...encodeEvent({ type, data } as DomainEvent, { actor: { id: 'system', role: 'system', via: 'executor' } }),
    });
    const output = { chunks: [[0, 'text']] };
    const events = [system('RunStarted', start), system('OutputEmitted', output), system('OutputEmitted', output)];
    await api.store.append(`run-${asked.id}`, events, { expected: 'any' });
    await eventually(async () => (await value('palimpsest_run_first_output_seconds_count')) === 1, 'the output');
    expect(await value('palimpsest_run_start_seconds_count')).toBe(1);
  });

  it('tells what is refused: sign-ins and limits', async () => {
    await api.call('POST', '/api/auth/sign-in', { body: { username: SECRET, password: 'wrong wrong' } });
    expect(await value('palimpsest_sign_in_refusals_total{reason="unknown-user"}')).toBe(1);
  });

  it('tells how far each read model and reactor is behind, and which has stopped', async () => {
    const projections = ['directory', 'runs', 'audit', 'metrics', 'run-queue', 'write-back'];
    await eventually(
      async () => {
        const found = await samples();
        return projections.every((name) => found.get(`palimpsest_projection_lag_events{projection="${name}"}`) === 0);
      },
      'nothing being behind',
      15_000,
    );
    expect(await value('palimpsest_projection_stopped{projection="metrics"}')).toBe(0);
  });

  it('does not ask the database for every scrape', async () => {
    const state = api.app.get(ServiceState);
    const first = state.shared();
    for (let n = 0; n < 10; n++) await samples();
    expect(state.shared()).toBe(first);
  });

  it('has no person, file, course, path or id anywhere, whatever was asked', async () => {
    const { body: courses } = await api.call<CourseDto[]>('GET', '/api/courses', { token: ada });
    await api.call('POST', `/api/workspaces/${own.id}/files`, {
      token: ada,
      body: { path: `${SECRET}.py`, text: SECRET },
    });
    for (const path of [
      `/api/${SECRET}`,
      `/${SECRET}/ada`,
      `/w/${own.id}`,
      `/api/courses/${courses[0]?.id}/metrics`,
      `/api/docs/${SECRET}`,
    ])
      for (const method of ['GET', 'POST', 'DELETE'])
        await api.call(method, path, { token: ada }).catch(() => undefined);
    const text = await (await scrape()).text();
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/);
    for (const { title, workspaces } of courses)
      for (const name of [title, ...workspaces.map((workspace) => workspace.name)]) expect(text).not.toContain(name);
    for (const word of [SECRET, '"ada', 'Ada', 'hopper', 'main.py', api.address]) expect(text).not.toContain(word);
  });

  it('has a bounded number of series: a thousand unknown addresses add none', async () => {
    await api.call('GET', '/api/nowhere', { token: ada });
    const before = new Set((await samples()).keys());
    for (let n = 0; n < 200; n++)
      await Promise.all([1, 2, 3, 4, 5].map((m) => api.call('GET', `/api/nowhere/${n}/${m}`, { token: ada })));
    const added = [...(await samples()).keys()].filter((series) => !before.has(series));
    expect(added).toEqual([]);
  });

  it('auditors and administrators see the same on the page "System"; others are refused', async () => {
    const { status, body } = await api.call<ServiceDto>('GET', '/api/system/service', {
      token: await api.signIn('auditor'),
    });
    expect(status).toBe(200);
    const requests = body.latencies.find(({ name }) => name === 'requests');
    expect(requests?.count).toBeGreaterThan(1_000);
    expect(requests?.p50).toBeLessThanOrEqual(requests?.p99 ?? 0);
    expect(body.shared?.lag.map(({ name }) => name)).toContain('metrics');
    expect((await api.call('GET', '/api/system/service', { token: ada })).status).toBe(403);
  });
});
