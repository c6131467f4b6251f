import { describe, expect, it } from '@jest/globals';
import { MAX_TEXT_LENGTH, TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';
import { manyClients } from '../testing/many-clients.js';
import { ClientOwners } from './client-owners.js';
import { type DocumentFacts, inspectUpdate, MAX_CLIENTS_OF_PERSON, MAX_UPDATE_BYTES } from './update-inspection.js';

/** Facts about a document; client ids below 1,000 belong to `ada`, the others to nobody yet. */
function factsOf(doc: Y.Doc): DocumentFacts {
  const clients = [...doc.store.clients.keys()];
  return {
    doc,
    clocks: new Map(clients.map((client) => [client, Y.getState(doc.store, client)])),
    owners: ClientOwners.from(new Map(clients.filter((client) => client < 1_000).map((client) => [client, 'ada']))),
    textLength: doc.getText(TEXT_ROOT).length,
  };
}

function docWith(client: number, text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = client;
  if (text !== '') doc.getText(TEXT_ROOT).insert(0, text);
  return doc;
}

function copyOf(doc: Y.Doc, client: number): Y.Doc {
  const copy = docWith(client, '');
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

/** The updates that `change` makes to a copy of the document. */
function changesOf(doc: Y.Doc, client: number, change: (text: Y.Text, copy: Y.Doc) => void): Uint8Array[] {
  const copy = copyOf(doc, 999_999);
  copy.clientID = client; // only now: a document that sees its own id in a received update takes another one
  const updates: Uint8Array[] = [];
  copy.on('update', (update: Uint8Array) => updates.push(update));
  change(copy.getText(TEXT_ROOT), copy);
  return updates;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('inspecting an update', () => {
  const server = docWith(1, 'hello');
  const facts = factsOf(server);
  const reason = (update: Uint8Array, user = 'ben') => {
    const found = inspectUpdate(update, user, facts);
    return found.kind === 'refused' ? found.reason : found.kind;
  };

  it('passes typing, deleting and pasting, and says what they add', () => {
    const [insert] = changesOf(server, 2_000, (text) => text.insert(5, ' world'));
    expect(inspectUpdate(insert ?? bytes(), 'ben', facts)).toEqual({
      kind: 'news',
      clocks: new Map([[2_000, 6]]),
      added: 6,
    });
    const [deletion] = changesOf(server, 2_000, (text) => text.delete(0, 2));
    expect(inspectUpdate(deletion ?? bytes(), 'ben', facts)).toEqual({ kind: 'news', clocks: new Map(), added: 0 });
  });

  it('knows what is no news: the whole state again, also after deletions', () => {
    expect(inspectUpdate(Y.encodeStateAsUpdate(server), 'ben', facts)).toEqual({ kind: 'known' });
    const shorter = copyOf(server, 1);
    shorter.getText(TEXT_ROOT).delete(1, 3);
    expect(inspectUpdate(Y.encodeStateAsUpdate(shorter), 'ben', factsOf(shorter))).toEqual({ kind: 'known' });
  });

  it('[HF2] refuses gaps: the edits before are missing', () => {
    const [, second] = changesOf(server, 2_000, (text) => {
      text.insert(5, 'a');
      text.insert(6, 'b');
    });
    expect(reason(second ?? bytes())).toContain('synchronise again');
  });

  it('[HF3] refuses to write in the name of another person, and lets that person', () => {
    const [forged] = changesOf(server, 1, (text) => text.insert(5, '!'));
    expect(reason(forged ?? bytes(), 'ben')).toContain('another person');
    expect(reason(forged ?? bytes(), 'ada')).toBe('news');
  });

  it('[HF5] refuses everything that is not text', () => {
    for (const change of [
      (text: Y.Text) => text.insertEmbed(0, { image: 'x' }),
      (text: Y.Text) => text.format(0, 2, { bold: true }),
      (_: Y.Text, doc: Y.Doc) => doc.getMap('other').set('a', 1),
      (_: Y.Text, doc: Y.Doc) => doc.getArray('list').push([new Y.Array()]),
    ])
      expect(reason(changesOf(server, 2_000, change)[0] ?? bytes())).toContain('something else than text');
  });

  it('[HF4] refuses a claimed range that is garbage-collected (clock squatting)', () => {
    // one client, one struct: client 7, clock 0, GC (0) of 2^20 clocks; no deletions
    expect(reason(bytes(1, 1, 7, 0, 0, 0x80, 0x80, 0x40, 0))).toContain('garbage-collected');
  });

  it('[HF2] refuses deletions of what does not exist', () => {
    // no structs; one client with one range: client 1, clock 0, length 2^20
    expect(reason(bytes(0, 1, 1, 1, 0, 0x80, 0x80, 0x40))).toContain('does not know');
  });

  it.each([
    ['nothing', bytes()],
    ['a claim of 2^25 structs', bytes(1, 0x80, 0x80, 0x80, 0x10, 1, 0)],
    ['noise', bytes(255, 254, 253, 252)],
    ['an update with a byte behind its end', Uint8Array.of(...Y.encodeStateAsUpdate(docWith(2_000, 'x')), 0)],
  ])('[HF1] refuses %s', (_, update) => expect(reason(update)).toContain('not a whole Yjs update'));

  it('[HF1] refuses every cut of a good update, and lets no cut change anything', () => {
    const [update] = changesOf(server, 2_000, (text) => {
      text.doc?.transact(() => {
        text.insert(2, 'abc');
        text.delete(0, 1);
      });
    });
    for (let length = 0; length < (update?.length ?? 0); length++)
      expect(inspectUpdate((update ?? bytes()).subarray(0, length), 'ben', facts).kind).toBe('refused');
    expect(server.getText(TEXT_ROOT).toString()).toBe('hello');
  });

  it('[LM7] holds the limits of text and bytes at their edge', () => {
    const room = MAX_TEXT_LENGTH - server.getText(TEXT_ROOT).length;
    const near = { ...facts, textLength: MAX_TEXT_LENGTH - 3 };
    const insert = (length: number) =>
      changesOf(server, 2_000, (text) => text.insert(0, 'x'.repeat(length)))[0] ?? bytes();
    expect(inspectUpdate(insert(3), 'ben', near).kind).toBe('news');
    expect(inspectUpdate(insert(4), 'ben', near).kind).toBe('refused');
    expect(room).toBeGreaterThan(MAX_UPDATE_BYTES);
    expect(inspectUpdate(insert(MAX_UPDATE_BYTES - 100), 'ben', facts).kind).toBe('news');
    expect(reason(insert(MAX_UPDATE_BYTES))).toContain('more than');
  });

  it('[LM8] counts the client ids of a person, in one update and over all, and stops at the edge', () => {
    const owners = (count: number) =>
      ClientOwners.from(new Map(Array.from({ length: count }, (_, n) => [10_000 + n, 'ben'])));
    const after = (count: number, update: Uint8Array, user = 'ben') =>
      inspectUpdate(update, user, { ...facts, owners: owners(count) });
    expect(after(MAX_CLIENTS_OF_PERSON - 3, manyClients(100, 3)).kind).toBe('news');
    expect(after(MAX_CLIENTS_OF_PERSON - 3, manyClients(100, 4))).toMatchObject({ limit: 'client-ids' });
    expect(after(MAX_CLIENTS_OF_PERSON, manyClients(100, 4), 'chloe').kind).toBe('news');
    // Who has more, from before there was a limit, writes on under what there is.
    expect(after(MAX_CLIENTS_OF_PERSON + 5, manyClients(10_000, 4)).kind).toBe('news');
    expect(after(MAX_CLIENTS_OF_PERSON + 5, manyClients(100, 1))).toMatchObject({ limit: 'client-ids' });
  });

  it('never throws, and what it passes applies cleanly: 5,000 mutations of real updates', () => {
    const seeds = [
      ...changesOf(server, 2_000, (text) => text.insert(2, 'abc')),
      ...changesOf(server, 2_000, (text) => text.delete(1, 2)),
      Y.encodeStateAsUpdate(copyOf(server, 2_000)),
    ];
    let state = 7;
    const next = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
    let passed = 0;
    for (let i = 0; i < 5_000; i++) {
      const update = (seeds[next(seeds.length)] ?? bytes()).slice();
      for (let n = next(3) + 1; n > 0; n--) update[next(update.length)] = next(256);
      if (inspectUpdate(update, 'ben', facts).kind === 'refused') continue;
      passed += 1;
      const copy = copyOf(server, 3);
      Y.applyUpdate(copy, update);
      expect(copy.store.pendingStructs).toBeNull();
      expect(Y.getState(copy.store, 1)).toBe(Y.getState(server.store, 1));
    }
    expect(passed).toBeGreaterThan(50);
  });
});
