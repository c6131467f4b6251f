import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, encodeEvent, type RunEvent, type RunId, streamOf, type UserId } from '@palimpsest/domain';
import type {
  HistoryRunDto,
  ProblemDto,
  RunCodeDto,
  RunDetailDto,
  RunDto,
  WorkspaceDto,
  WrittenDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { type Answer, TestApi } from '../testing/test-api.js';
import { SHOWN_OUTPUT } from './run-account.js';

describe('the history of runs', () => {
  let api: TestApi;
  let ada: string;
  let adaId: string;
  let own: WorkspaceDto;
  let first: RunId;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    adaId = (await get<{ id: string }>('/api/auth/me')).body.id;
    own = await api.workspace(ada, /Ada/);
    const files = `/api/workspaces/${own.id}/files`;
    await post(files, { path: 'lib/a.py', text: 'one = 1\n' });
    await post(files, { path: 'empty.py' });
    await upload('data.bin', Buffer.from([0, 1, 2, 255]));
    first = await requestRun('lib/a.py');
    await append(first, ...life());
  });
  afterAll(() => api.stop());

  const get = <Body>(path: string, token = ada, headers = {}) => api.call<Body>('GET', path, { token, headers });
  const post = async (path: string, body: object) => {
    const answer = await api.call<WrittenDto>('POST', path, { token: ada, body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const raw = (path: string, token = ada, headers = {}) =>
    fetch(`http://${api.address}${path}`, {
      // Without it fetch would ask for a fresh answer wherever a tag is given.
      headers: { authorization: `Bearer ${token}`, 'cache-control': 'max-age=0', ...headers },
    });

  async function upload(path: string, bytes: Buffer): Promise<void> {
    const answer = await fetch(`http://${api.address}/api/workspaces/${own.id}/content?path=${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ada}`, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('binary')]);
  }

  async function requestRun(entry: string): Promise<RunId> {
    return asId<RunId>((await post('/api/runs', { workspace: own.id, mode: 'script', entry })).id);
  }

  async function append(id: RunId, ...events: RunEvent[]): Promise<void> {
    const actor = { id: 'system', role: 'system', via: 'executor' } as const;
    const encoded = events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, { actor }) }));
    const { position } = await api.store.append(streamOf.run(id), encoded, { expected: 'any' });
    await get(`/api/workspaces/${own.id}/runs?after=${position}`);
  }

  const LONG = 'x'.repeat(SHOWN_OUTPUT);
  const life = (): RunEvent[] => [
    { type: 'RunStarted', data: { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: Date.now() } },
    {
      type: 'OutputEmitted',
      data: {
        chunks: [
          [1, 'Name? '],
          [2, '\u001b[31mé\u0000'],
        ],
      },
    },
    ...['A', 'd', 'a\r', 'more\r'].map(
      (text) => ({ type: 'InputProvided', data: { by: adaId as UserId, text } }) as const,
    ),
    { type: 'OutputEmitted', data: { chunks: [[3, LONG]] } },
    {
      type: 'ErrorRaised',
      data: {
        ...{ ms: 4, exception: 'ValueError', message: '<b>', path: 'lib/a.py', line: 1, traceback: 'Traceback' },
        explanation: { id: 'value-other', text: 'Explained.' },
      },
    },
    {
      type: 'RunFinished',
      data: {
        outcome: { kind: 'exited', code: 1 },
        usage: { wallMs: 12, cpuMs: 7, outputBytes: 9, peakMemoryBytes: 5 },
      },
    },
  ];

  it('tells everything about one run, with the first part of its output', async () => {
    const { status, body } = await get<RunDetailDto>(`/api/runs/${first}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ id: first, workspace: own.id, entry: 'lib/a.py', state: 'finished', outcome: 'exited', failed: true },
      ...{
        ending: 'ended with exit code 1',
        errors: 1,
        exceptions: ['ValueError'],
        wallMs: 12,
        cpuMs: 7,
        peakBytes: 5,
      },
      inputs: [
        { byName: expect.stringContaining('Ada'), text: 'Ada\r' },
        { byName: expect.stringContaining('Ada'), text: 'more\r' },
      ],
      raised: [
        { exception: 'ValueError', path: 'lib/a.py', line: 1, explanation: 'Explained.', traceback: 'Traceback' },
      ],
      ...{ figures: [], produced: [], notKept: [] },
    });
    expect(body.output.length).toBe(SHOWN_OUTPUT);
    expect(body.outputLength).toBe(SHOWN_OUTPUT + 'Name? \u001b[31mé\u0000'.length);
  });

  it('tells when it printed and was told what, to be played', async () => {
    const { status, body } = await get<HistoryRunDto>(`/api/runs/${first}/timeline`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: first, entry: 'lib/a.py', outcome: 'exited', edit: null, fix: null, figures: 0 });
    const start = body.startedAt ?? 0;
    expect(start).toBeGreaterThanOrEqual(body.requestedAt);
    const [prompt, name] = body.output;
    expect([prompt?.[1], name?.[1]]).toEqual(['Name? ', '\u001b[31mé\u0000']);
    expect((name?.[0] ?? 0) - (prompt?.[0] ?? 0)).toBe(1);
    expect(body.input.map(([, text]) => text)).toEqual(['A', 'd', 'a\r', 'more\r']);
    expect(body.errors).toMatchObject([{ exception: 'ValueError', path: 'lib/a.py', line: 1 }]);
    expect((await get(`/api/runs/${randomUUID()}/timeline`)).status).toBe(404);
  });

  it('gives all of the output as text that no browser takes for a page, to be kept when the run has ended', async () => {
    const answer = await raw(`/api/runs/${first}/output`);
    expect(await answer.text()).toBe(`Name? \u001b[31mé\u0000${LONG}`);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...{ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      'cache-control': 'private, max-age=31536000, immutable, no-transform',
    });
    const running = await requestRun('main.py');
    expect((await raw(`/api/runs/${running}/output`)).headers.get('cache-control')).toContain('no-cache');
  });

  it('gives the code that ran, whatever has been written, moved and deleted since', async () => {
    const before = (await get<RunCodeDto>(`/api/runs/${first}/code`)).body;
    const file = before.files.find(({ path }) => path === 'lib/a.py')!;
    const place = `/api/workspaces/${own.id}/files/${file.file}`;
    await api.call('PATCH', place, { token: ada, body: { path: 'moved.py' } });
    await upload('data.bin', Buffer.from([9, 255]));
    await api.call('DELETE', place, { token: ada });
    const { status, headers, body } = await get<RunCodeDto>(`/api/runs/${first}/code`);
    expect([status, body]).toEqual([200, before]);
    expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(body.files.map(({ path, kind, size }) => `${path} ${kind} ${size}`)).toEqual([
      ...['data.bin binary 4', 'empty.py text 0', 'lib/a.py text 8'],
      expect.stringMatching(/^main\.py text \d+$/),
    ]);
    for (const { path, sha256 } of body.files) {
      const answer = await raw(`/api/runs/${first}/code/${encodeURIComponent(path)}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect([path, createHash('sha256').update(bytes).digest('hex')]).toEqual([path, sha256]);
      expect(answer.headers.get('cache-control')).toContain('immutable');
    }
    const text = await raw(`/api/runs/${first}/code/lib%2Fa.py`);
    expect(await text.text()).toBe('one = 1\n');
  });

  it('answers "not modified" to whoever has the code already, and still asks who that is', async () => {
    for (const path of ['code', 'code/data.bin', 'code/empty.py', 'output']) {
      const etag = (await raw(`/api/runs/${first}/${path}`)).headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[^"]+"$/);
      const again = await raw(`/api/runs/${first}/${path}`, ada, { 'if-none-match': etag });
      expect([path, again.status, await again.text()]).toEqual([path, 304, '']);
      const ben = await raw(`/api/runs/${first}/${path}`, await api.signIn('ben'), { 'if-none-match': etag });
      expect([path, ben.status]).toEqual([path, 404]);
    }
  });

  it('has no other file than those that the run had', async () => {
    for (const path of ['nothing.py', '..%2Fmain.py', 'lib', '%00'])
      expect([path, (await raw(`/api/runs/${first}/code/${path}`)).status]).toEqual([path, 404]);
  });

  it('is told of a workspace, of the file that was run, and of a person, by outcome, error and time', async () => {
    const second = await requestRun('main.py');
    await append(second, { type: 'RunFinished', data: { outcome: { kind: 'cancelled' }, usage: null } });
    const ids = async (path: string, token = ada) => {
      const { status, body } = await get<RunDto[]>(path, token);
      expect([path, status]).toEqual([path, 200]);
      return body.map(({ id }) => id);
    };
    const workspace = `/api/workspaces/${own.id}/runs`;
    expect(await ids(`${workspace}?outcome=cancelled`)).toEqual([second]);
    expect(await ids(`${workspace}?exception=ValueError`)).toEqual([first]);
    expect(await ids(`${workspace}?failed=true`)).toEqual([first]);
    expect(await ids(`${workspace}?entry=lib/a.py&by=${adaId}`)).toEqual([first]);
    expect(await ids(`${workspace}?until=2026-01-01T00:00:00Z`)).toEqual([]);
    const main = own.files.find(({ path }) => path === 'main.py')!;
    expect((await ids(`/api/files/${main.id}/runs`))[0]).toBe(second);
    expect(await ids(`/api/files/${main.id}/runs`)).not.toContain(first);
    expect(await ids(`/api/people/${adaId}/runs?failed=true`)).toEqual([first]);
    expect(await ids(`/api/people/${adaId}/runs?failed=true`, await api.signIn('hopper'))).toEqual([first]);
  });

  it('comes in pages', async () => {
    const all = (await get<RunDto[]>(`/api/people/${adaId}/runs`)).body.map(({ id }) => id);
    const seen: string[] = [];
    let next: string | undefined = `/api/people/${adaId}/runs?limit=1`;
    while (next !== undefined) {
      const page: Answer<RunDto[]> = await get<RunDto[]>(next);
      seen.push(...page.body.map(({ id }) => id));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all);
    expect(all.length).toBeGreaterThanOrEqual(3);
  });

  it('refuses what it cannot read with a sentence', async () => {
    for (const query of ['outcome=nothing', 'exception=a%20b', 'failed=1', 'by=ada', 'from=yesterday', 'cursor=abc']) {
      const { status, body } = await get<ProblemDto>(`/api/workspaces/${own.id}/runs?${query}`);
      expect([query, status, body.fields?.[0]?.field]).toEqual([query, 400, query.split('=')[0]]);
    }
  });

  it('is nobody else’s, and a look at it is recorded', async () => {
    const ben = await api.signIn('ben');
    for (const path of [
      `runs/${first}`,
      ...['code', 'output', 'timeline'].map((part) => `runs/${first}/${part}`),
      `people/${adaId}/runs`,
    ])
      expect([path, (await get(`/api/${path}`, ben)).status]).toEqual([path, 404]);
    const looks = async () => (await get<{ what: string; object: string }[]>('/api/looks')).body;
    await eventually(
      async () => (await looks()).some(({ what, object }) => what === 'activity' && object.startsWith('Ada')),
      'the look of the professor',
    );
  });
});
