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
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { accountId } from '../auth/account-id.js';
import { CollabClient } from '../testing/collab-client.js';
import { manyClients } from '../testing/many-clients.js';
import { TestApi } from '../testing/test-api.js';

/** A frame of sync type `step` (0 state vector, 1 step 2, 2 update) with these bytes. */
function syncFrame(step: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

function awarenessFrame(bytes: readonly number[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint8Array(encoder, Uint8Array.from(bytes));
  return encoding.toUint8Array(encoder);
}

/** The update that `change` makes to a copy of `doc`, under another client id. */
function changeOf(doc: Y.Doc, change: (copy: Y.Doc) => void, encode = Y.encodeStateAsUpdate): Uint8Array {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  const before = Y.encodeStateVector(copy);
  change(copy);
  const update = encode(copy, before);
  copy.destroy();
  return update;
}

type Attack = readonly [rule: string, what: string, frame: (ada: CollabClient, sender: CollabClient) => Uint8Array];

const ATTACKS: readonly Attack[] = [
  ['HF1', 'a claim of 2^25 structs in 7 bytes', () => syncFrame(2, Uint8Array.of(1, 0x80, 0x80, 0x80, 0x10, 1, 0))],
  [
    'HF1',
    'a good struct, then a delete set that is cut off',
    ({ doc }) => {
      const good = changeOf(doc, (copy) => copy.getText(TEXT_ROOT).insert(0, 'half'));
      return syncFrame(2, Uint8Array.of(...good.slice(0, -1), 5, 1));
    },
  ],
  [
    'HF2',
    'a gap in the clocks',
    ({ doc }) =>
      syncFrame(
        2,
        changeOf(doc, (copy) => {
          copy.clientID = 4_242;
          copy.getText(TEXT_ROOT).insert(0, 'ab');
        }).map((byte, index, all) => (index === indexOfClock(all) ? 1 : byte)),
      ),
  ],
  [
    'HF2',
    'deletion of 2^20 characters that there are not',
    () => syncFrame(2, Uint8Array.of(0, 1, 7, 1, 0, 0x80, 0x80, 0x40)),
  ],
  [
    'HF3',
    'an edit in the name of another person, in sync step 2',
    ({ doc }) => {
      const forged = new Y.Doc();
      Y.applyUpdate(forged, Y.encodeStateAsUpdate(doc));
      const before = Y.encodeStateVector(forged);
      forged.clientID = doc.clientID;
      forged.getText(TEXT_ROOT).insert(0, 'Ada wrote this');
      return syncFrame(1, Y.encodeStateAsUpdate(forged, before));
    },
  ],
  [
    'HF4',
    'a garbage-collected range over 2^20 clocks',
    () => syncFrame(2, Uint8Array.of(1, 1, 7, 0, 0, 0x80, 0x80, 0x40, 0)),
  ],
  [
    'HF5',
    'an embed',
    ({ doc }) =>
      syncFrame(
        2,
        changeOf(doc, (copy) => copy.getText(TEXT_ROOT).insertEmbed(0, { a: 1 })),
      ),
  ],
  [
    'HF5',
    '2,000 other roots',
    ({ doc }) =>
      syncFrame(
        2,
        changeOf(doc, (copy) => {
          for (let n = 0; n < 2_000; n++) copy.getMap(`root ${n}`).set('a', n);
        }),
      ),
  ],
  [
    'HF5',
    'arrays in arrays, 2,000 deep',
    ({ doc }) =>
      syncFrame(
        2,
        changeOf(doc, (copy) => {
          let array = copy.getArray<unknown>('deep');
          for (let n = 0; n < 2_000; n++) {
            const inner = new Y.Array<unknown>();
            array.push([inner]);
            array = inner;
          }
        }),
      ),
  ],
  [
    'HF5',
    'an update in encoding v2',
    ({ doc }) =>
      syncFrame(
        2,
        changeOf(doc, (copy) => copy.getText(TEXT_ROOT).insert(0, 'v2'), Y.encodeStateAsUpdateV2),
      ),
  ],
  ['HF6', '900,001 bytes of update', () => syncFrame(2, new Uint8Array(900_001))],
  ['HF6', '1,001 client ids', () => syncFrame(2, manyClients(5_000, 1_001))],
  ['HF8', 'a state vector that claims 2^28 clients', () => syncFrame(0, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 1))],
  ['HF8', 'a length of 2^53 and more', () => Uint8Array.of(0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)],
  ['HF8', '20,000 awareness states', () => awarenessFrame([0xa0, 0x9c, 1])],
  [
    'HF8',
    'awareness of its own client that is no JSON',
    (_, { doc }) => {
      const encoder = encoding.createEncoder();
      for (const number of [1, doc.clientID, 9]) encoding.writeVarUint(encoder, number);
      encoding.writeVarString(encoder, '{');
      return awarenessFrame([...encoding.toUint8Array(encoder)]);
    },
  ],
  ['HF8', 'the type WAIT, which only the server sends', () => Uint8Array.of(111, 1, 0)],
];

/** Place of the first struct's clock in an update of one client with a small clock. */
function indexOfClock(update: Uint8Array): number {
  let index = 2; // one client, one struct
  while ((update[index] ?? 0) >= 0x80) index += 1;
  return index + 1;
}

describe('hostile frames', () => {
  let api: TestApi;
  let file = '';
  let own = '';
  const clients: CollabClient[] = [];

  beforeAll(async () => {
    // Every test opens files anew as the same few people: their limit is the matter of another suite.
    process.env['COLLAB_MESSAGES_PER_MINUTE'] = '100000';
    api = await TestApi.start();
    file = (await api.file(await api.signIn('ada'), /Pair/)).id;
    own = (await api.file(await api.signIn('ada'), /Ada/)).id;
  });
  afterEach(() => clients.splice(0).forEach((client) => client.end()));
  afterAll(() => api.stop());

  async function open(username: string, id = file): Promise<CollabClient> {
    const client = await new CollabClient(api.address, id, await api.signIn(username)).synced();
    clients.push(client);
    return client;
  }

  it.each(ATTACKS)(
    '[%s] %s: closes its sender with 4400, and Ada types on undisturbed',
    async (_rule, _what, frame) => {
      const [ada, ben] = [await open('ada'), await open('ben')];
      ada.text.insert(0, 'a');
      await eventually(() => ben.text.toString() === ada.text.toString(), 'Ben seeing it');
      const before = ada.text.toString();
      ben.provider.ws?.send(Uint8Array.from(frame(ada, ben)));
      await eventually(() => ben.closed, 'the connection closing');
      expect(ben.closed?.code).toBe(4400);
      expect(ben.closed?.reason).not.toBe('');
      ada.text.insert(0, 'b');
      const other = await open('chloe');
      await eventually(() => other.text.toString() === `b${before}`, 'another person seeing only what Ada typed');
      expect(ada.closed).toBeUndefined();
    },
  );

  it('[HF7] a frame of 1,500,001 bytes is closed with 1009; compression is not negotiated', async () => {
    const token = await api.signIn('ben');
    const socket = new WebSocket(`ws://${api.address}/collab/${file}?token=${token}`, { perMessageDeflate: true });
    let code = 0;
    socket.on('close', (closed) => (code = closed));
    await new Promise((done) => socket.once('open', done));
    expect(socket.extensions).toBe('');
    socket.send(new Uint8Array(1_500_001));
    await eventually(() => code === 1009, 'the connection closing');
  });

  it('[HF7] fragments that are together too large are closed with 1009 as well', async () => {
    const socket = new WebSocket(`ws://${api.address}/collab/${file}?token=${await api.signIn('ben')}`);
    let code = 0;
    socket.on('close', (closed) => (code = closed));
    await new Promise((done) => socket.once('open', done));
    for (let n = 0; n < 4; n++) socket.send(new Uint8Array(500_000), { fin: false });
    await eventually(() => code === 1009, 'the connection closing');
  });

  it('[HF1] 1,500 broken updates in a burst do not make Ada wait', async () => {
    const [ada, chloe] = [await open('ada'), await open('chloe')];
    const ben = await open('ben');
    const frame = [...syncFrame(2, Uint8Array.of(1, 0x80, 0x80, 0x80, 0x10, 1, 0))];
    for (let n = 0; n < 1_500; n++) ben.send(...frame);
    const began = performance.now();
    ada.text.insert(0, 'quick ');
    await eventually(() => chloe.text.toString().startsWith('quick '), 'the edit arriving');
    expect(performance.now() - began).toBeLessThan(1_000);
    await eventually(() => ben.closed, 'the connection closing');
  });

  it('[ED5] everything deleted by somebody who may write: recorded as theirs, and the text is still in the log', async () => {
    const [ada, ben] = [await open('ada'), await open('ben')];
    const before = ada.text.toString();
    expect(before).not.toBe('');
    ben.text.delete(0, ben.text.length);
    await eventually(() => ada.text.toString() === '', 'the text being gone');
    const doc = new Y.Doc();
    const texts: string[] = [];
    let last = '';
    for await (const event of api.store.readStream(streamOf.file(asId<FileId>(file)))) {
      if (event.type !== FILE_EDITED) continue;
      last = readMetadata(event).actor.id;
      for (const { update } of decodeFileEdited(event.data).edits) Y.applyUpdate(doc, update);
      texts.push(doc.getText(TEXT_ROOT).toString());
    }
    doc.destroy();
    expect(last).toBe(accountId('ben'));
    expect(texts).toContain(before);
  });

  it.each<[string, (doc: Y.Doc) => Uint8Array]>([
    [
      'an update',
      (doc) =>
        syncFrame(
          2,
          changeOf(doc, (copy) => copy.getText(TEXT_ROOT).insert(0, 'x')),
        ),
    ],
    [
      'sync step 2',
      (doc) =>
        syncFrame(
          1,
          changeOf(doc, (copy) => copy.getText(TEXT_ROOT).insert(0, 'x')),
        ),
    ],
    [
      'a deletion',
      (doc) =>
        syncFrame(
          2,
          changeOf(doc, (copy) => copy.getText(TEXT_ROOT).delete(0, 1)),
        ),
    ],
    [
      'a deletion in step 2',
      (doc) =>
        syncFrame(
          1,
          changeOf(doc, (copy) => copy.getText(TEXT_ROOT).delete(0, 1)),
        ),
    ],
    ['an update that is broken', () => syncFrame(2, Uint8Array.of(9, 9, 9))],
  ])('[ED6] a reader cannot write by %s', async (_, frame) => {
    const [ada, hopper] = [await open('ada', own), await open('hopper', own)];
    const { revision } = await api.store.streamInfo(streamOf.file(asId<FileId>(own)));
    hopper.send(...frame(ada.doc));
    await eventually(() => hopper.closed, 'the connection closing');
    expect(hopper.closed?.code).toBe(4403);
    expect((await api.store.streamInfo(streamOf.file(asId<FileId>(own)))).revision).toBe(revision);
  });

  it('[ED6] a reader that is up to date sends its whole state, which is no write', async () => {
    const hopper = await open('hopper', own);
    hopper.send(...syncFrame(1, Y.encodeStateAsUpdate(hopper.doc)));
    await new Promise((done) => setTimeout(done, 200));
    expect(hopper.closed).toBeUndefined();
  });

  it('[AW1] 5,000 invented awareness clients become one state at the others', async () => {
    const [ada, ben] = [await open('ada'), await open('ben')];
    // y-protocols shows nobody whose state is still at clock 0.
    ben.provider.awareness.setLocalStateField('cursor', 1);
    for (let client = 1_000; client < 6_000; client += 1_000) {
      const states: number[] = [0xe8, 7]; // 1,000 of them
      for (let n = client; n < client + 1_000; n++) states.push((n % 128) | 0x80, n >> 7, 1, 2, 123, 125);
      ben.send(...awarenessFrame(states));
    }
    await new Promise((done) => setTimeout(done, 300));
    const others = [...ada.provider.awareness.getStates().keys()].filter((client) => client !== ada.doc.clientID);
    expect(others).toEqual([ben.doc.clientID]);
    expect(ben.closed).toBeUndefined();
  });

  it('[AW1] a state for the client id of another person does not make that person vanish or speak', async () => {
    const [ada, ben, chloe] = [await open('ada'), await open('ben'), await open('chloe')];
    ada.provider.awareness.setLocalStateField('cursor', 5);
    const seen = () =>
      chloe.provider.awareness.getStates().get(ada.doc.clientID) as Record<string, unknown> | undefined;
    await eventually(() => seen()?.['cursor'] === 5, 'Chloé seeing Ada');
    for (const json of ['null', '{"cursor":99,"user":{"name":"PROFESSOR"}}']) {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarUint(encoder, ada.doc.clientID);
      encoding.writeVarUint(encoder, 1_000);
      encoding.writeVarString(encoder, json);
      ben.send(...awarenessFrame([...encoding.toUint8Array(encoder)]));
    }
    await new Promise((done) => setTimeout(done, 300));
    expect(seen()).toMatchObject({ cursor: 5, user: { name: 'Ada' } });
  });
});
