import { describe, expect, it } from '@jest/globals';
import * as Y from 'yjs';
import { MemoryDatabase } from './memory-database.js';
import { type FileOutbox, Outbox } from './outbox.js';
import { expired, RETENTION } from './retention.js';

const FILE = { id: 'file-1', path: 'main.py' };

/** One tab with the file open: a document whose edits go into the outbox. */
class Tab {
  readonly doc = new Y.Doc();

  private constructor(readonly outbox: FileOutbox) {
    if (outbox.kept) Y.applyUpdate(this.doc, outbox.kept, 'outbox');
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === null) void this.outbox.keep(update);
    });
  }

  static async open(outbox: Outbox, user = 'ada'): Promise<Tab> {
    return new Tab(await outbox.open(user, FILE));
  }

  type(text: string): void {
    for (const key of text) this.doc.getText('text').insert(this.doc.getText('text').length, key);
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }
}

function browser(): { database: MemoryDatabase; outbox: Outbox } {
  const database = new MemoryDatabase();
  return { database, outbox: new Outbox(Promise.resolve(database)) };
}

/** Lets what was started come to its end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the outbox', () => {
  it('gives a new tab what an old one left behind, once', async () => {
    const { outbox } = browser();
    const old = await Tab.open(outbox);
    old.type('abc');
    await settled();
    const fresh = await Tab.open(outbox);
    expect([fresh.text, fresh.outbox.unsent]).toEqual(['abc', 3]);
    Y.applyUpdate(fresh.doc, Y.encodeStateAsUpdate(old.doc));
    expect(fresh.text).toBe('abc');
    expect(fresh.outbox.clients).toEqual(new Set([old.doc.clientID]));
  });

  it('forgets nothing that is durable at once: a server may be set back', async () => {
    const { outbox } = browser();
    const tab = await Tab.open(outbox);
    tab.type('abc');
    await tab.outbox.confirm(2);
    const fresh = await Tab.open(outbox);
    expect([fresh.text, fresh.outbox.unsent]).toEqual(['abc', 1]);
  });

  it('keeps durable updates in few records', async () => {
    const { outbox, database } = browser();
    const tab = await Tab.open(outbox);
    for (let i = 0; i < 200; i++) {
      tab.type('x');
      await tab.outbox.confirm(1);
    }
    expect((await database.durable()).length).toBe(4);
    expect((await Tab.open(outbox)).text).toBe('x'.repeat(200));
  });

  it('shows nothing of one person to another on the same computer', async () => {
    const { outbox } = browser();
    (await Tab.open(outbox, 'ada')).type('mine');
    await settled();
    const ben = await Tab.open(outbox, 'ben');
    expect([ben.text, ben.outbox.unsent]).toEqual(['', 0]);
    expect(await outbox.unsentFiles('ben', 0)).toEqual([]);
    expect(await outbox.unsentFiles('ada', 0)).toEqual([FILE]);
    expect(await outbox.unsentFiles('ada', 60_000)).toEqual([]);
  });

  it('two tabs of one person take over from each other and harm nothing', async () => {
    const { outbox } = browser();
    const left = await Tab.open(outbox);
    const right = await Tab.open(outbox);
    left.type('left');
    right.type('right');
    await settled();
    const news = await right.outbox.newcomers();
    expect(news.length).toBe(4);
    right.outbox.adopt(news);
    expect(await right.outbox.newcomers()).toEqual([]);
    await right.outbox.confirm(9);
    expect(await outbox.unsentFiles('ada', 0)).toEqual([]);
    left.type('!');
    await left.outbox.confirm(4);
    expect(left.outbox.unsent).toBe(1);
    const fresh = await Tab.open(outbox);
    expect([[...fresh.text].sort().join(''), fresh.outbox.unsent]).toEqual([[...'leftright!'].sort().join(''), 1]);
  });

  it('turns what was refused into text, and does not send it again', async () => {
    const { outbox } = browser();
    const tab = await Tab.open(outbox);
    tab.type('kept ');
    await tab.outbox.confirm(5);
    tab.type('refused 😀');
    expect(await tab.outbox.setAside('Read-only for you.', tab.text)).toBe(true);
    const fresh = await Tab.open(outbox);
    expect([fresh.text, fresh.outbox.unsent]).toEqual(['kept ', 0]);
    await outbox.look('ben');
    expect(outbox.asides.value).toEqual([]);
    await outbox.look('ada');
    const [aside] = outbox.asides.value;
    expect(aside).toMatchObject({ path: 'main.py', edits: 9, typed: 'refused 😀', text: 'kept refused 😀' });
    if (aside) await outbox.discard(aside);
    expect(outbox.asides.value).toEqual([]);
  });

  it('says that changes are in this tab only while the disk is full, and writes them all once there is room', async () => {
    const { outbox, database } = browser();
    const tab = await Tab.open(outbox);
    tab.type('a');
    await settled();
    expect(tab.outbox.place).toBe('computer');
    database.isFull = true;
    tab.type('bc');
    await settled();
    expect(tab.outbox.place).toBe('tab');
    database.isFull = false;
    tab.type('d');
    await settled();
    expect(tab.outbox.place).toBe('computer');
    expect((await Tab.open(outbox)).text).toBe('abcd');
  });

  it('goes on without any storage', async () => {
    const outbox = new Outbox(Promise.resolve(null));
    const tab = await Tab.open(outbox);
    tab.type('abc');
    expect(tab.outbox.place).toBe('tab');
    await tab.outbox.confirm(2);
    expect(tab.outbox.unsent).toBe(1);
    expect(await tab.outbox.setAside('why', 'text')).toBe(false);
    expect(await outbox.unsentFiles('ada', 0)).toEqual([]);
  });

  it('opens a long time offline in a moment', async () => {
    const { outbox } = browser();
    const server = new Y.Doc();
    server.getText('text').insert(0, '# the text of the server\n');
    const tab = await Tab.open(outbox);
    Y.applyUpdate(tab.doc, Y.encodeStateAsUpdate(server), 'server');
    tab.type('x'.repeat(10_000));
    await settled();
    const begin = Date.now();
    // Without the server's text, on which all of it builds.
    const fresh = await Tab.open(outbox);
    Y.applyUpdate(fresh.doc, Y.encodeStateAsUpdate(server), 'server');
    expect(Date.now() - begin).toBeLessThan(2_000);
    expect(fresh.text.length).toBe(10_025);
  });
});

describe('what is kept of durable updates', () => {
  const now = 10 * RETENTION.age;
  const record = (file: string, at: number, size = 100) => ({ key: ['ada', file, 'tab', at] as const, at, size });
  const times = (keys: readonly (readonly unknown[])[]) => keys.map((key) => key[3]);

  it('is not older than a week', () => {
    const old = record('a', now - RETENTION.age - 1);
    expect(expired([old, record('a', now - 1)], now)).toEqual([old.key]);
  });

  it('is the newest megabyte of a file, without a gap', () => {
    const records = [record('a', 1, 10), record('a', 2, 600_000), record('a', 3, 600_000), record('b', 1, 600_000)];
    expect(times(expired(records, 4))).toEqual([2, 1]);
  });

  it('is of the 20 files that were used last', () => {
    const records = Array.from({ length: 25 }, (_, at) => record(`file ${at}`, at));
    expect(times(expired(records, 30))).toEqual([4, 3, 2, 1, 0]);
  });
});
