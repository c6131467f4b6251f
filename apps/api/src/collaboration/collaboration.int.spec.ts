import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  asId,
  decodeFileEdited,
  FILE_EDITED,
  type FileId,
  readMetadata,
  streamOf,
  TEXT_ROOT,
} from '@palimpsest/domain';
import { eventually } from '@palimpsest/test-support';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';

describe('co-editing over /collab, with the unmodified y-websocket provider', () => {
  let api: TestApi;
  let file = '';
  const clients: CollabClient[] = [];

  beforeAll(async () => {
    api = await TestApi.start();
    file = (await api.file(await api.signIn('ada'), /Pair/)).id;
  });
  afterEach(() => clients.splice(0).forEach((client) => client.end()));
  afterAll(() => api.stop());

  async function open(username: string, id = file): Promise<CollabClient> {
    const client = new CollabClient(api.address, id, await api.signIn(username));
    clients.push(client);
    return client;
  }

  /** The text as the log alone has it, and who wrote in it. */
  async function logged(id = file): Promise<{ text: string; authors: Set<string> }> {
    const doc = new Y.Doc();
    const authors = new Set<string>();
    for await (const event of api.store.readStream(streamOf.file(asId<FileId>(id)))) {
      if (event.type !== FILE_EDITED) continue;
      authors.add(readMetadata(event).actor.id);
      for (const { update } of decodeFileEdited(event.data).edits) Y.applyUpdate(doc, update);
    }
    const text = doc.getText(TEXT_ROOT).toString();
    doc.destroy();
    return { text, authors };
  }

  const upgradeStatus = (path: string, headers = {}) =>
    new Promise<number>((done) => {
      const socket = new WebSocket(`ws://${api.address}${path}`, { headers });
      socket.on('unexpected-response', (_, response) => done(response.statusCode ?? 0));
      socket.on('open', () => {
        socket.close();
        done(101);
      });
      socket.on('error', () => undefined);
    });

  it('[ED2] two people type at once: the texts converge, equal to the text folded from the log, by two authors', async () => {
    const [ada, ben] = [await (await open('ada')).synced(), await (await open('ben')).synced()];
    for (let i = 0; i < 40; i++) {
      ada.text.insert(i % (ada.text.length + 1), 'a');
      ben.text.insert(ben.text.length, 'b');
      if (i % 10 === 9) ben.text.delete(0, 1);
      await new Promise((done) => setTimeout(done, i % 3));
    }
    await eventually(async () => {
      const { text } = await logged();
      return ada.text.toString() === ben.text.toString() && text === ada.text.toString();
    }, 'the texts becoming the same');
    expect((await logged()).authors.size).toBe(3); // Ada, Ben, and the course's first text
  });

  it('[AU1] a client without a session gets 401, one from another site 403, an unknown path 404', async () => {
    const token = await api.signIn('ada');
    expect(await upgradeStatus(`/collab/${file}`)).toBe(401);
    expect(await upgradeStatus(`/collab/${file}?token=wrong`)).toBe(401);
    expect(await upgradeStatus(`/collab/${file}?token=${token}`, { origin: 'https://evil.example' })).toBe(403);
    expect(await upgradeStatus(`/nothing/${file}?token=${token}`)).toBe(404);
    expect(await upgradeStatus(`/collab/${file}?token=${token}`)).toBe(101);
  });

  it('[AU2] a file of somebody else, or of nobody, is closed with 4404 and does not come back', async () => {
    const foreign = await api.file(await api.signIn('ada'), /Ada/);
    for (const id of [foreign.id, '00000000-0000-4000-8000-000000000000', 'nonsense']) {
      const ben = await open('ben', id);
      await eventually(() => ben.closed, 'the connection closing');
      expect(ben.closed?.code).toBe(4404);
    }
  });

  it("[ED6] a reader sees everything and can write by no message: the professor in a student's own file", async () => {
    const own = await api.file(await api.signIn('ada'), /Ada/);
    const [ada, hopper] = [await (await open('ada', own.id)).synced(), await (await open('hopper', own.id)).synced()];
    ada.text.insert(0, '# mine\n');
    await eventually(() => hopper.text.toString().startsWith('# mine\n'), 'the professor seeing it');
    const before = (await logged(own.id)).text;
    hopper.text.insert(0, 'graffiti');
    await eventually(() => hopper.closed, 'the connection closing');
    expect(hopper.closed?.code).toBe(4403);
    expect((await logged(own.id)).text).toBe(before);
    expect(ada.text.toString()).toBe(before);
    expect(ada.closed).toBeUndefined();
  });

  it('[HF1] [HF8] a malformed frame ends its own connection with 4400 and nobody else notices', async () => {
    const frames = [
      [0, 2, 3, 1, 1], // an update that is cut off
      [0, 2, 7, 1, 0x80, 0x80, 0x80, 0x10, 1, 0], // a claim of 2^25 structs
      [0, 7, 0], // no such sync message
      [42], // no such message
      [],
      [1, 3, 1, 5, 1], // awareness, cut off
    ];
    const ada = await (await open('ada')).synced();
    for (const frame of frames) {
      const hostile = await (await open('ben')).synced();
      hostile.send(...frame);
      await eventually(() => hostile.closed, `the connection closing after ${frame.join()}`);
      expect(hostile.closed?.code).toBe(4400);
    }
    const before = ada.text.toString();
    ada.text.insert(0, 'still here ');
    await eventually(async () => (await logged()).text === `still here ${before}`, 'Ada going on');
  });

  it('[HF3] an update in the name of another person is refused', async () => {
    const [ada, ben] = [await (await open('ada')).synced(), await (await open('ben')).synced()];
    ada.text.insert(0, 'x');
    await eventually(() => ben.text.toString() === ada.text.toString(), 'Ben seeing it');
    const before = (await logged()).text;
    const forger = new Y.Doc();
    Y.applyUpdate(forger, Y.encodeStateAsUpdate(ada.doc));
    forger.clientID = ada.doc.clientID;
    forger.on('update', (update: Uint8Array) => ben.send(0, 2, update.length, ...update));
    forger.getText(TEXT_ROOT).insert(0, 'Ada wrote this: ');
    forger.destroy();
    await eventually(() => ben.closed, 'the connection closing');
    expect(ben.closed?.code).toBe(4400);
    expect(ben.closed?.reason).toContain('another person');
    expect((await logged()).text).toBe(before);
    expect(ada.text.toString()).toBe(before);
  });

  it('[AW2] awareness carries the name that the session has, whatever the client claims', async () => {
    const [ada, ben] = [await (await open('ada')).synced(), await (await open('ben')).synced()];
    ben.provider.awareness.setLocalStateField('user', { name: 'PROFESSOR', color: '#123456' });
    const state = await eventually(
      () =>
        [...ada.provider.awareness.getStates().values()].find((found) => (found['user'] as { name?: string })?.name),
      'Ada seeing Ben',
    );
    expect(state['user']).toMatchObject({ name: 'Ben', role: 'student', color: '#123456' });
  });

  it('[ED3] acknowledges to a client that asks, by number, once the log has it', async () => {
    const token = await api.signIn('ada');
    const socket = new WebSocket(`ws://${api.address}/collab/${file}?token=${token}&acks=1`);
    const acknowledged: number[] = [];
    socket.on('message', (data: Buffer) => {
      if (data[0] === 110) acknowledged.push(data[1] ?? -1);
    });
    await new Promise((done) => socket.once('open', done));
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const letter of 'abc') doc.getText(TEXT_ROOT).insert(0, letter);
    socket.send(Uint8Array.of(0, 1, 2, 0, 0)); // sync step 2 with nothing in it: counted, and never an event
    for (const update of updates) socket.send(Uint8Array.of(0, 2, update.length, ...update));
    await eventually(() => acknowledged.at(-1) === 4, 'the acknowledgement of all four');
    expect(acknowledged).toEqual([...acknowledged].sort());
    expect((await logged()).text).toContain('cba');
    socket.close();
    doc.destroy();
  });

  it('[ED4] a client that comes back with edits made offline loses none and doubles none', async () => {
    const [ada, ben] = [await (await open('ada')).synced(), await (await open('ben')).synced()];
    ada.provider.disconnect();
    ada.text.insert(0, 'offline ');
    ben.text.insert(ben.text.length, ' online');
    await new Promise((done) => setTimeout(done, 100));
    ada.provider.connect();
    await eventually(() => ada.text.toString() === ben.text.toString(), 'the texts becoming the same');
    const text = ada.text.toString();
    expect(text.split('offline').length).toBe(2);
    expect(text.split(' online').length).toBe(2);
    await eventually(async () => (await logged()).text === text, 'the log having it');
  });
});
