import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LookDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { type Answer, TestApi } from '../testing/test-api.js';

describe('who looked', () => {
  let api: TestApi;
  let ada: string;
  let hopper: string;
  let own: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    hopper = await api.signIn('hopper');
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const looks = async (token: string, query = '') =>
    (await api.call<LookDto[]>('GET', `/api/looks${query}`, { token })).body;
  const said = (list: readonly LookDto[]) => list.map(({ byRole, what, object }) => `${byRole} ${what} ${object}`);
  const look = (token: string, path: string) => api.call('GET', path, { token });

  it('is nobody at first, and never oneself', async () => {
    await look(ada, `/api/workspaces/${own.id}`);
    await look(ada, `/api/files/${own.files[0]!.id}/history`);
    expect(await looks(ada)).toEqual([]);
  });

  it('shows a student that a professor looked, once for a session of looking', async () => {
    const file = own.files[0]!;
    await Promise.all([1, 2, 3, 4].map(() => look(hopper, `/api/workspaces/${own.id}`)));
    for (let n = 0; n < 3; n++) await look(hopper, `/api/files/${file.id}/history`);
    const found = await eventually(async () => {
      const list = await looks(ada);
      return list.length >= 2 && list;
    }, 'the looks in the list');
    expect(said(found)).toEqual([`professor history ${file.path}`, `professor workspace ${own.name}`]);
    expect(found[0]?.byName).toContain('Hopper');
  });

  it('counts anew for another session, and after half an hour', async () => {
    const again = await api.signIn('hopper');
    await look(again, `/api/workspaces/${own.id}`);
    await eventually(async () => (await looks(ada)).length === 3, 'the look of another session');
    await api.pool.query(`update ops.look set noted_at = noted_at - interval '31 min'`);
    const node = await api.anotherNode(); // which remembers nothing
    await node.call('GET', `/api/workspaces/${own.id}`, { token: again });
    await eventually(async () => (await looks(ada)).length === 4, 'the look of half an hour later');
    await node.stop();
  });

  it('sees a look by the socket as well', async () => {
    const ben = await api.signIn('ben');
    const file = await api.file(ben, /Ben/);
    const session = await api.signIn('hopper');
    const client = await new CollabClient(api.address, file.id, session).synced();
    client.end();
    await eventually(
      async () => said(await looks(ben)).some((one) => one.startsWith('professor workspace')),
      'the look',
    );
    expect(said(await looks(ada)).some((one) => one.includes('Ben'))).toBe(false);
  });

  it('comes in pages that neither repeat nor miss anything', async () => {
    const all = await looks(ada);
    const seen: LookDto[] = [];
    let next: string | undefined = '/api/looks?limit=1';
    while (next !== undefined) {
      const answer: Answer<LookDto[]> = await api.call<LookDto[]>('GET', next, { token: ada });
      expect(answer.body).toHaveLength(1);
      seen.push(...answer.body);
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all);
  });

  it('is not shown what could not be recorded', async () => {
    const session = await api.signIn('auditor');
    await api.pool.query('select 1');
    const { default: pg } = await import('pg');
    const owner = new pg.Client({ connectionString: api.ownerUrl });
    await owner.connect();
    await owner.query('alter table ops.look rename to look_away');
    try {
      const refused = await look(session, `/api/workspaces/${own.id}`);
      expect([refused.status, JSON.stringify(refused.body).includes(own.name)]).toEqual([500, false]);
      const { instance } = refused.body as { instance?: string };
      expect(instance).toMatch(/^urn:uuid:/);
    } finally {
      await owner.query('alter table ops.look_away rename to look');
      await owner.end();
    }
  });
});
