import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, type CourseId, encodeEvent, streamOf, type UserId } from '@palimpsest/domain';
import type {
  ActivityEntryDto,
  FileStateDto,
  LookDto,
  ProblemDto,
  SessionActivityDto,
  WorkspaceDto,
  WrittenDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { type Answer, TestApi } from '../testing/test-api.js';

describe('timelines of workspaces and people', () => {
  let api: TestApi;
  let ada: string;
  let adaId: string;
  let own: WorkspaceDto;
  let last: string;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    adaId = (await api.call<{ id: string }>('GET', '/api/auth/me', { token: ada })).body.id;
    own = await api.workspace(ada, /Ada/);
    await type(ada, own.files[0]!.id, 'hello');
    const files = `/api/workspaces/${own.id}/files`;
    await post(ada, files, { path: 'notes.txt', text: 'some notes' });
    last = (await post(ada, '/api/runs', { workspace: own.id, mode: 'script' })).position!;
  });
  afterAll(() => api.stop());

  const post = async (token: string, path: string, body: object) => {
    const answer = await api.call<WrittenDto>('POST', path, { token, body });
    expect(answer.status).toBe(201);
    return answer.body;
  };

  async function type(token: string, file: string, text: string): Promise<void> {
    const client = await new CollabClient(api.address, file, token).synced();
    client.text.insert(0, text);
    await eventually(async () => {
      const now = new Date().toISOString();
      const { body } = await api.call<FileStateDto>('GET', `/api/files/${file}/at?at=${now}`, { token });
      return body.text.includes(text);
    }, 'the edit being recorded');
    client.end();
  }

  const timeline = async (token: string, path: string) => {
    const { status, body } = await api.call<ActivityEntryDto[]>('GET', `/api/${path}`, { token });
    expect([path, status]).toEqual([path, 200]);
    return body;
  };
  const texts = (entries: readonly ActivityEntryDto[]) => entries.map(({ text }) => text);

  it('tell what happened in a workspace, newest first, in words', async () => {
    const entries = await timeline(ada, `workspaces/${own.id}/timeline?after=${last}&kinds=edit,run,file`);
    expect(texts(entries).slice(0, 3)).toEqual([
      'ran main.py: waiting to start',
      'file made: notes.txt',
      'edited notes.txt: 1 edit, 10 characters typed',
    ]);
    const edit = entries.find(({ text }) => text === 'edited main.py: 1 edit, 5 characters typed');
    expect(edit).toMatchObject({
      ...{ by: adaId, byProgram: false, failed: false, workspace: own.id, file: own.files[0]!.id, path: 'main.py' },
      ...{ kind: 'edit', inserted: 5, removed: 0 },
    });
    expect(edit?.byName).toContain('Ada');
    expect(edit?.session).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('tell a person what they did themselves, over all workspaces, with their sessions', async () => {
    const entries = await timeline(ada, `people/${adaId}/timeline?after=${last}`);
    expect(entries.at(-1)?.text).toMatch(/^signed in/);
    expect(texts(entries)).toContain('file made: notes.txt');
    const [session] = await timeline(ada, `people/${adaId}/timeline?kinds=run`);
    const inSession = await timeline(ada, `people/${adaId}/timeline?session=${session!.session}`);
    expect(new Set(inSession.map((entry) => entry.session))).toEqual(new Set([session!.session]));
    const { body } = await api.call<SessionActivityDto[]>('GET', `/api/people/${adaId}/timeline/sessions`, {
      token: ada,
    });
    expect(body[0]).toMatchObject({ session: session!.session, isOver: false, edits: 2, inserted: 15, runs: 1 });
  });

  it('show a professor what a student did in the course, and the student that they looked', async () => {
    const hopper = await api.signIn('hopper');
    const entries = await timeline(hopper, `people/${adaId}/timeline`);
    expect(texts(entries)).toContain('file made: notes.txt');
    expect(entries.some(({ kind }) => kind === 'session')).toBe(false);
    await eventually(async () => {
      const { body } = await api.call<LookDto[]>('GET', '/api/looks', { token: ada });
      return body.some(({ what, byRole }) => what === 'activity' && byRole === 'professor');
    }, 'the look');
  });

  it('show nobody what is in another course', async () => {
    const course = asId<CourseId>(randomUUID());
    const context = { actor: { id: adaId, role: 'student', via: 'web' }, course } as const;
    const event = { type: 'AccessRefused', data: { what: 'see secrets', object: 'another course' } } as const;
    const { position } = await api.store.append(
      streamOf.audit({ year: 2026, month: 11 }),
      [{ id: randomUUID(), ...encodeEvent(event, context) }],
      { expected: 'any' },
    );
    const path = `people/${adaId}/timeline?kinds=refusal&after=${position}`;
    expect(texts(await timeline(ada, path))).toEqual(['refused: see secrets']);
    expect(texts(await timeline(await api.signIn('admin'), path))).toEqual(['refused: see secrets']);
    for (const who of ['hopper', 'auditor']) expect(await timeline(await api.signIn(who), path)).toEqual([]);
  });

  it('are not other students’, and what is not there looks the same', async () => {
    const ben = await api.signIn('ben');
    const unknown = randomUUID();
    for (const path of [
      ...[`workspaces/${own.id}/timeline`, `people/${adaId}/timeline`, `people/${adaId}/timeline/sessions`],
      ...[`people/${unknown}/timeline`, `people/${asId<UserId>(unknown)}/timeline/sessions`],
    ]) {
      const { status, body } = await api.call<ProblemDto>('GET', `/api/${path}`, { token: ben });
      expect([path, status, body.code]).toEqual([path, 404, 'not-found']);
    }
  });

  it('of a shared workspace show students what was done, and not when others were there', async () => {
    const pair = await api.workspace(ada, /Pair/);
    await type(ada, pair.files[0]!.id, 'ours');
    const path = `workspaces/${pair.id}/timeline`;
    const connections = async (who: string) =>
      (await timeline(await api.signIn(who), path)).filter(({ kind, by }) => kind === 'connection' && by === adaId);
    await eventually(async () => (await connections('hopper')).length > 0, 'the connection');
    expect(await connections('ben')).toEqual([]);
    const ben = await api.signIn('ben');
    const isTyping = ({ kind, by }: ActivityEntryDto) => kind === 'edit' && by === adaId;
    await eventually(async () => (await timeline(ben, path)).some(isTyping), 'what was typed');
    const own = await timeline(ada, path);
    expect(own.some(({ kind }) => kind === 'connection')).toBe(true);
  });

  it('come in pages that neither repeat nor miss anything', async () => {
    const all = await timeline(ada, `people/${adaId}/timeline?until=${new Date().toISOString()}`);
    const seen: ActivityEntryDto[] = [];
    let next: string | undefined = `/api/people/${adaId}/timeline?limit=2&until=${new Date().toISOString()}`;
    while (next !== undefined) {
      const page: Answer<ActivityEntryDto[]> = await api.call('GET', next, { token: ada });
      expect(page.body.length).toBeLessThanOrEqual(2);
      seen.push(...page.body);
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect(seen.length).toBeGreaterThan(4);
  });

  it('refuse what they cannot read with a sentence', async () => {
    for (const query of [
      'kinds=edit,nothing',
      'kinds=',
      'from=2026-13-45T00:00:00Z',
      'until=now',
      'cursor=abc',
      'limit=0',
    ]) {
      const { status, body } = await api.call<ProblemDto>('GET', `/api/workspaces/${own.id}/timeline?${query}`, {
        token: ada,
      });
      expect([query, status, body.fields?.[0]?.field]).toEqual([query, 400, query.split('=')[0]]);
    }
    const { status } = await api.call('GET', `/api/people/${adaId}/timeline?session=mine`, { token: ada });
    expect(status).toBe(400);
  });
});
