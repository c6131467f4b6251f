import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, readEvent, type SessionId, streamOf } from '@palimpsest/domain';
import { TestApi } from '../testing/test-api.js';
import { SessionExpiry } from './session-expiry.js';

describe('sessions whose time is over', () => {
  let api: TestApi;
  let expiry: SessionExpiry;
  beforeAll(async () => {
    api = await TestApi.start();
    expiry = api.app.get(SessionExpiry);
  });
  afterAll(() => api.stop());

  const sessions = async () => {
    const { rows } = await api.pool.query<{ id: string }>(
      'select session_id as id from ops.session order by opened_at',
    );
    return rows.map(({ id }) => id);
  };

  async function events(session: string): Promise<string[]> {
    const types: string[] = [];
    for await (const recorded of api.store.readStream(streamOf.session(asId<SessionId>(session))))
      types.push(readEvent(recorded).type);
    return types;
  }

  it('are removed and recorded once, by whichever node; those that last stay', async () => {
    await api.signIn('ada');
    await api.signIn('ben');
    const [ada = '', ben = ''] = await sessions();
    expect(await expiry.removeExpired()).toBe(0);
    await api.pool.query('update ops.session set expires_at = clock_timestamp() where session_id = $1', [ada]);
    const node = await api.anotherNode();
    const counts = await Promise.all([expiry.removeExpired(), node.app.get(SessionExpiry).removeExpired()]);
    await node.stop();
    expect(counts[0] + counts[1]).toBe(1);
    expect(await sessions()).toEqual([ben]);
    expect(await events(ada)).toEqual(['SignedIn', 'SessionExpired']);
    expect(await events(ben)).toEqual(['SignedIn']);
  });

  it('a crash between the event and the removal records it once', async () => {
    const token = await api.signIn('ada');
    const id = (await sessions()).at(-1) ?? '';
    await api.pool.query(`update ops.session set expires_at = 'yesterday' where session_id = $1`, [id]);
    const row = (await api.pool.query('select * from ops.session where session_id = $1', [id])).rows[0] as Record<
      string,
      unknown
    >;
    expect(await expiry.removeExpired()).toBe(1);
    await api.pool.query(
      'insert into ops.session (token_hash, session_id, user_id, expires_at) values ($1, $2, $3, $4)',
      [row['token_hash'], id, row['user_id'], row['expires_at']],
    );
    expect(await expiry.removeExpired()).toBe(1);
    expect(await events(id)).toEqual(['SignedIn', 'SessionExpired']);
    expect((await api.call('GET', '/api/auth/me', { token })).status).toBe(401);
  });

  it('more than fit into one transaction', async () => {
    await api.pool.query(
      `insert into ops.session (token_hash, session_id, user_id, expires_at)
       select decode(md5(n::text), 'hex'), gen_random_uuid(), gen_random_uuid(), 'yesterday' from generate_series(1, 401) n`,
    );
    expect(await expiry.removeExpired()).toBe(401);
  });
});
