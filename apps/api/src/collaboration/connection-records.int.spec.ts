import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, readEvent, type SessionId, streamOf } from '@palimpsest/domain';
import { type RecordedEvent, StreamNotFound } from '@palimpsest/event-store';
import type { FileDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';
import { ConnectionRecords, endOf } from './connection-records.js';

const LINGER_MS = 150;

describe('connections as events', () => {
  let api: TestApi;
  let ada: string;
  let file: FileDto;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    file = await api.file(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const records = () => new ConnectionRecords(api.app.get(CommandHandler), LINGER_MS);

  function context(session: string, of = file.id): CommandContext {
    const actor = { id: randomUUID(), role: 'student', via: 'websocket' } as const;
    return { actor, session, connection: randomUUID(), workspace: randomUUID(), file: of };
  }

  async function eventsOf(session: string): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    try {
      for await (const event of api.store.readStream(streamOf.session(asId<SessionId>(session))))
        if (event.type.startsWith('Connection')) found.push(event);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return found;
  }

  const typesOf = async (session: string) =>
    (await eventsOf(session)).map(({ type }) => type.slice('Connection'.length));
  const has = (session: string, ...types: string[]) =>
    eventually(async () => (await typesOf(session)).join() === types.join(), `the events ${types.join()}`);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('are opened once and closed once, with the file, the reason and the time of the close', async () => {
    const session = randomUUID();
    const where = context(session);
    const closed = records().opened('main.py', where);
    await has(session, 'Opened');
    const at = Date.now();
    closed(1006);
    await has(session, 'Opened', 'Closed');
    const [opened, end] = (await eventsOf(session)).map(readEvent);
    const { connection, workspace } = where;
    expect(opened?.data).toEqual({ connection, workspace, file: file.id, path: 'main.py' });
    expect(end?.data).toMatchObject({ connection, file: file.id, reason: 'lost' });
    const { at: recorded } = end?.data as { at: number };
    expect(recorded).toBeGreaterThanOrEqual(at);
    expect(recorded).toBeLessThan(at + LINGER_MS);
  });

  it('are one while a page reconnects, however often, and while another tab is open', async () => {
    const session = randomUUID();
    const all = records();
    for (let n = 0; n < 50; n++) all.opened('main.py', context(session))(1006);
    const tab = all.opened('main.py', context(session));
    await pause(2 * LINGER_MS);
    expect(await typesOf(session)).toEqual(['Opened']);
    tab(1001);
    await has(session, 'Opened', 'Closed');
    all.opened('main.py', context(session));
    await has(session, 'Opened', 'Closed', 'Opened');
    all.opened('other.py', context(session, randomUUID()));
    await has(session, 'Opened', 'Closed', 'Opened', 'Opened');
    await all.beforeApplicationShutdown();
  });

  it('are ended when the server stops, whether a socket is open or has just been closed', async () => {
    const all = records();
    const [open, closing] = [randomUUID(), randomUUID()];
    const late = all.opened('main.py', context(open));
    all.opened('main.py', context(closing))(1000);
    await all.beforeApplicationShutdown();
    const reasons = async (session: string) => (await eventsOf(session)).map((event) => readEvent(event).data);
    expect(await reasons(open)).toMatchObject([{}, { reason: 'server-stopped' }]);
    expect(await reasons(closing)).toMatchObject([{}, { reason: 'left' }]);
    late(1001);
    await pause(2 * LINGER_MS);
    expect(await typesOf(open)).toEqual(['Opened', 'Closed']);
  });

  it('are made by a browser that opens a file, in the stream of its session', async () => {
    const token = await api.signIn('ada');
    const { rows } = await api.pool.query<{ id: string }>(
      'select session_id as id from ops.session order by opened_at desc limit 1',
    );
    const client = await new CollabClient(api.address, file.id, token).synced();
    await has(rows[0]?.id ?? '', 'Opened');
    client.end();
  });

  it.each([
    [1000, 'left'],
    [1001, 'left'],
    [1005, 'left'],
    [1006, 'lost'],
    [4403, 'ended'],
    [1009, 'ended'],
  ])('read the close code %i as "%s"', (code, reason) => {
    expect(endOf(code)).toBe(reason);
  });
});
