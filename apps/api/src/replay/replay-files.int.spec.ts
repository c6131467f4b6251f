import 'reflect-metadata'; // the index of the protocol has DTO classes
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrateSnapshotSchema } from '@palimpsest/documents';
import { asId, encodeFileEdited, FILE_EDITED, type FileId, streamOf, toJsonBytes } from '@palimpsest/domain';
import { createPostgresEventStore, type EventStore, migratePostgresEventStore } from '@palimpsest/event-store';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { PAGE_EDITS } from './page-building.js';
import { ReplayFiles } from './replay-files.js';
import { ReplayStore } from './replay-store.js';
import { type HistoryOfTwo, historyOfTwo, seeded } from './testing/two-authors.js';

const START = 1_700_000_000_000;
const EDITS = 2 * PAGE_EDITS + 300;

let database: TestDatabase;
let store: EventStore;
let pool: pg.Pool;
let history: HistoryOfTwo;

beforeAll(async () => {
  database = await createTestDatabase();
  await migratePostgresEventStore(database.url);
  pool = new pg.Pool({ connectionString: database.url });
  const client = await pool.connect();
  await migrateSnapshotSchema(client);
  client.release();
  store = createPostgresEventStore({ connectionString: database.url });
  history = historyOfTwo(7, EDITS);
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

/** As a process that has just started. */
const replays = () => new ReplayFiles(store, new ReplayStore(pool));

/** Appends edits `from` up to `to` of the history: events of one to forty consecutive edits of one author. */
async function append(file: FileId, from: number, to: number): Promise<void> {
  const random = seeded(from + 1);
  const stream = streamOf.file(file);
  const { revision } = await store.streamInfo(stream);
  const events = [];
  for (let at = from; at < to;) {
    const author = at % 2;
    // Now and then many edits in one event, so that pages end in the middle of some.
    const count = random(10) === 0 ? Math.min(1 + random(40), to - at) : 1;
    const edits = history.updates
      .slice(at, at + count)
      .map((update, n) => ({ ms: 100 * n, origin: count > 1 ? ('sync' as const) : ('live' as const), update }));
    const metadata = toJsonBytes({ v: 1, actor: { id: ['ada', 'ben'][author], role: 'student', via: 'websocket' } });
    const data = encodeFileEdited({ startedAt: START + 1_000 * at, edits });
    events.push({ id: randomUUID(), type: FILE_EDITED, contentType: 'binary' as const, data, metadata });
    at += count;
  }
  for (let at = 0; at < events.length; at += 500) {
    const next = (revision ?? -1n) + BigInt(at);
    await store.append(stream, events.slice(at, at + 500), { expected: next < 0n ? 'noStream' : next });
  }
}

async function newFile(edits: number): Promise<FileId> {
  const file = asId<FileId>(randomUUID());
  await append(file, 0, edits);
  return file;
}

const rowsOf = async (file: FileId) =>
  (
    await pool.query<{ page: number; tag: string; keyframe: Buffer; hasDoc: boolean }>(
      `select page, tag, keyframe, doc is not null as "hasDoc" from snapshot.replay_page where stream = $1 order by page`,
      [streamOf.file(file)],
    )
  ).rows;

async function expectTexts(files: ReplayFiles, file: FileId, moments: readonly number[]): Promise<void> {
  const open = await files.open(file);
  for (const edit of moments) {
    const { text, last } = await files.at(open, edit);
    expect(text.toString()).toBe(edit === 0 ? '' : history.texts[edit - 1]);
    expect(last === undefined).toBe(edit === 0);
  }
}

describe('the replay of a file', () => {
  it('of a file in which nothing was written is empty', async () => {
    const open = await replays().open(asId<FileId>(randomUUID()));
    expect(open).toMatchObject({ edits: 0, authors: [], pages: [], growing: undefined });
    expect((await replays().at(open, 0)).text.toString()).toBe('');
    await expect(replays().at(open, 1)).rejects.toThrow('0 edits, not 1');
  });

  it('has at every moment the text of the full fold: at page boundaries, at random, built at once or bit by bit', async () => {
    const random = seeded(11);
    const moments = [0, 1, PAGE_EDITS - 1, PAGE_EDITS, PAGE_EDITS + 1, 2 * PAGE_EDITS, 2 * PAGE_EDITS + 1, EDITS];
    for (let n = 0; n < 150; n++) moments.push(random(EDITS + 1));
    const whole = await newFile(EDITS);
    await expectTexts(replays(), whole, moments);
    await expectTexts(replays(), whole, moments);

    const bits = asId<FileId>(randomUUID());
    const files = replays();
    for (const [from, to] of [
      [0, 700],
      [700, PAGE_EDITS + 40],
      [PAGE_EDITS + 40, EDITS],
    ] as const) {
      await append(bits, from, to);
      expect((await files.open(bits)).edits).toBe(to);
    }
    await expectTexts(files, bits, moments);
    await expectTexts(replays(), bits, moments);
  });

  it('has the same pages, whoever builds them and from where', async () => {
    const file = await newFile(EDITS);
    await replays().open(file);
    const first = await rowsOf(file);
    expect(first.map(({ page, hasDoc }) => [page, hasDoc])).toEqual([
      [0, false],
      [1, true],
    ]);
    await pool.query('delete from snapshot.replay_page where stream = $1', [streamOf.file(file)]);
    // Two nodes at once.
    await Promise.all([replays().open(file), replays().open(file)]);
    expect(await rowsOf(file)).toEqual(first);
  });

  it.each([
    ['of another event', `event_id = 'another'`],
    ['with a document that is cut off', `doc = substr(doc, 1, 100)`],
    ['with the text of another page', `keyframe = (select keyframe from snapshot.replay_page where page = 0 limit 1)`],
  ])('is not believed where it is %s, but made anew', async (_, change) => {
    const file = await newFile(EDITS);
    await replays().open(file);
    const before = await rowsOf(file);
    await pool.query(`update snapshot.replay_page set ${change} where stream = $1 and page = 1`, [streamOf.file(file)]);
    const open = await replays().open(file);
    expect(open.edits).toBe(EDITS);
    expect(await rowsOf(file)).toEqual(before);
  });

  it('of another log is not shown', async () => {
    const file = await newFile(PAGE_EDITS + 1);
    const files = replays();
    const { epoch } = await files.open(file);
    await pool.query(`update snapshot.replay_page set epoch = 'another log' where stream = $1`, [streamOf.file(file)]);
    expect((await replays().open(file)).epoch).toBe(epoch);
    expect(await rowsOf(file)).toHaveLength(1);
  });

  it('is made again where somebody has emptied the store', async () => {
    const file = await newFile(EDITS);
    const files = replays();
    const open = await files.open(file);
    await pool.query('delete from snapshot.replay_page where stream = $1', [streamOf.file(file)]);
    expect((await files.at(open, 100)).text.toString()).toBe(history.texts[99]);
  });

  it('finds the edit of a revision and of a time', async () => {
    const file = await newFile(EDITS);
    const files = replays();
    const open = await files.open(file);
    for (const number of [1, 77, PAGE_EDITS, PAGE_EDITS + 1, EDITS]) {
      const { ms, revision } = await files.edit(open, number);
      const byRevision = await files.editsBy(open, { revision });
      expect(byRevision).toBeGreaterThanOrEqual(number);
      expect((await files.edit(open, byRevision)).revision).toBe(revision);
      if (byRevision < EDITS) expect((await files.edit(open, byRevision + 1)).revision).toBe(revision + 1);
      expect(await files.editsBy(open, { ms })).toBeGreaterThanOrEqual(number);
    }
    expect(await files.editsBy(open, { ms: START - 1 })).toBe(0);
    expect(await files.editsBy(open, { ms: START + 1e9 })).toBe(EDITS);
    expect(await files.editsBy(open, { revision: 1e9 })).toBe(EDITS);
  });

  it('tells who wrote each character, when and how', async () => {
    const file = await newFile(EDITS);
    const files = replays();
    const open = await files.open(file);
    const { text, sources } = await files.at(open, EDITS - 7);
    for (const number of new Set(text.edits())) {
      const { ms, author, kind } = await files.edit(open, number);
      expect(sources.of(number)).toEqual({ ms, author, kind });
    }
  });

  it('tells which edits took out what of an earlier text: what is left is what of it stands in the later one', async () => {
    const file = await newFile(EDITS);
    const files = replays();
    const open = await files.open(file);
    const random = seeded(21);
    const pairs = [
      [0, EDITS],
      [1, 1],
      [PAGE_EDITS, PAGE_EDITS + 1],
      [50, EDITS],
      [EDITS, 5],
    ];
    for (let n = 0; n < 12; n++) pairs.push([random(EDITS), random(EDITS)].sort((a, b) => a - b));
    for (const [from = 0, to = 0] of pairs) {
      const [before, after] = [await files.at(open, from), await files.at(open, to)];
      const { edits, sources } = await files.removals(open, before, to);
      if (from >= to) expect(edits.every((edit) => edit === 0)).toBe(true);
      const writers = after.text.edits();
      const left = before.text
        .toString()
        .split('')
        .filter((_, place) => edits[place] === 0);
      const stands = after.text
        .toString()
        .split('')
        .filter((_, place) => (writers[place] ?? 0) <= from);
      if (from < to) expect(left.join('')).toBe(stands.join(''));
      for (const number of [...new Set(edits)].filter((edit) => edit > 0).slice(0, 5)) {
        const { ms, author, kind } = await files.edit(open, number);
        expect(sources.of(number)).toEqual({ ms, author, kind });
        const place = edits.indexOf(number);
        expect((await files.removals(open, before, number - 1)).edits[place]).toBe(0);
        expect((await files.removals(open, before, number)).edits[place]).toBe(number);
      }
    }
  });

  it('is made ahead of the first look, once there is enough', async () => {
    const file = await newFile(400);
    const files = replays();
    files.makeAhead(file);
    await files.settled();
    expect(await rowsOf(file)).toEqual([]);
    await append(file, 400, PAGE_EDITS + 10);
    files.makeAhead(file);
    await files.settled();
    expect(await rowsOf(file)).toHaveLength(1);
  });
});
