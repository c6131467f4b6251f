import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';

describe('two api nodes on one store', () => {
  const nodes: TestApi[] = [];
  const clients: CollabClient[] = [];
  let file = '';

  beforeAll(async () => {
    const first = await TestApi.start();
    nodes.push(first, await first.anotherNode());
    file = (await first.file(await first.signIn('ada'), /Pair/)).id;
  });
  afterEach(() => clients.splice(0).forEach((client) => client.end()));
  afterAll(async () => {
    for (const node of nodes.reverse()) await node.stop();
  });

  async function open(node: number, username: string): Promise<CollabClient> {
    const api = nodes[node]!;
    const client = await new CollabClient(api.address, file, await api.signIn(username)).synced();
    clients.push(client);
    return client;
  }

  /** What `client` sees of the person with this name. */
  const seen = (client: CollabClient, name: string) =>
    [...client.provider.awareness.getStates().values()].find(
      (state) => (state['user'] as { name?: string } | undefined)?.name === name,
    );

  it('[ND1] texts typed on both at once converge', async () => {
    const [ada, ben] = [await open(0, 'ada'), await open(1, 'ben')];
    for (let i = 0; i < 60; i++) {
      ada.text.insert(i % (ada.text.length + 1), 'a');
      ben.text.insert(ben.text.length, 'b');
      await new Promise((done) => setTimeout(done, i % 4));
    }
    await eventually(() => ada.text.toString() === ben.text.toString(), 'the texts becoming the same');
    expect(ada.text.toString().match(/a/g)?.length).toBeGreaterThanOrEqual(60);
  });

  it('[ND2] awareness crosses, with the name and role of the session', async () => {
    const [ada, ben] = [await open(0, 'ada'), await open(1, 'ben')];
    ben.provider.awareness.setLocalStateField('user', { name: 'PROFESSOR', role: 'admin', color: '#123456' });
    const began = performance.now();
    ben.provider.awareness.setLocalStateField('cursor', 7);
    const state = await eventually(() => seen(ada, 'Ben')?.['cursor'] === 7 && seen(ada, 'Ben'), 'Ada seeing Ben');
    process.stderr.write(`awareness from node to node: ${Math.round(performance.now() - began)} ms\n`);
    expect(state['user']).toMatchObject({ name: 'Ben', role: 'student', color: '#123456' });
    ben.end();
    await eventually(() => !seen(ada, 'Ben'), 'Ben vanishing when he leaves');
  });

  it('[ND3] one who opens a file sees who is there on the other node', async () => {
    const ada = await open(0, 'ada');
    ada.provider.awareness.setLocalStateField('cursor', 3);
    await new Promise((done) => setTimeout(done, 300));
    const ben = await open(1, 'ben');
    await eventually(() => seen(ben, 'Ada')?.['cursor'] === 3, 'Ben seeing Ada');
  });

  it('[ND5] losing the bus harms no edit, and it comes back by itself', async () => {
    const [ada, ben] = [await open(0, 'ada'), await open(1, 'ben')];
    const cut = async () => {
      const owner = new pg.Client({ connectionString: nodes[0]!.ownerUrl });
      await owner.connect();
      const { rowCount } = await owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'palimpsest api awareness' and datname = current_database()`,
      );
      await owner.end();
      return rowCount;
    };
    expect(await cut()).toBe(2);
    ada.text.insert(0, 'while the bus is away ');
    ada.provider.awareness.setLocalStateField('cursor', 11);
    await eventually(() => ben.text.toString() === ada.text.toString(), 'the edit on the other node');
    await eventually(() => seen(ben, 'Ada')?.['cursor'] === 11, 'the cursor on the other node', 5_000);
    expect([ada.closed, ben.closed]).toEqual([undefined, undefined]);
  });
});
