/** What becomes of the adapter when the server stops, restarts, or breaks a connection between commit and answer. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { collect, event, events, ids, newStream, Recording, revisions } from '../contract/samples.js';
import type { Expected } from '../event-store.js';
import { createInProcessLog, type InProcessLog } from './kurrentdb-log.js';

let log: InProcessLog;
beforeEach(async () => {
  log = await createInProcessLog();
});
afterEach(() => log.dispose());

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
const onServer = (stream: string) => log.server.log.records.filter((one) => one.stream === stream);

/** The next answer to an append gets lost. */
function loseNextAnswer(how: () => void): void {
  log.server.beforeAnswer = () => {
    log.server.beforeAnswer = () => 'answer';
    how();
    return 'silent';
  };
}

const WAYS: readonly [string, () => void][] = [
  ['the connection is cut', () => log.gate.cut()],
  ['the answer never comes', () => undefined],
  ['the server restarts', () => void setTimeout(() => (log.server.stop(), void log.server.start()), 0)],
];
const EXPECTATIONS: readonly [Expected, number][] = [
  ['noStream', 0],
  [2n, 3],
  ['any', 3],
  ['streamExists', 3],
];

test.each(WAYS.flatMap(([way, how]) => EXPECTATIONS.map(([expected, before]) => ({ way, how, expected, before }))))(
  '[ID5] stored, then $way: an append that expects $expected is stored once',
  async ({ how, expected, before }) => {
    const store = log.open({ unavailableAfterMs: 3000 });
    const stream = newStream();
    if (before > 0) await store.append(stream, events(before), { expected: 'noStream' });
    const batch = events(2);
    loseNextAnswer(how);
    const { revision } = await store.append(stream, batch, { expected });
    expect(revision).toBe(BigInt(before + 1));
    expect(ids((await collect(store.readStream(stream))).slice(before))).toEqual(ids(batch));
    expect(onServer(stream)).toHaveLength(before + 2);
  },
);

test('[ID5] stored, the answer lost, and others wrote since: still the success that it was', async () => {
  const [store, other] = [log.open(), log.open()];
  const stream = newStream();
  await store.append(stream, events(2), { expected: 'noStream' });
  loseNextAnswer(() => {
    log.server.stop();
    log.server.log.append(stream, 'any', [
      { ...event(), contentType: 'application/octet-stream', metadata: new Uint8Array() },
    ]);
    void log.server.start();
  });
  const batch = events(1);
  expect(await store.append(stream, batch, { expected: 'any' })).toMatchObject({ revision: 2n });
  expect(revisions(await collect(other.readStream(stream)))).toEqual([0, 1, 2, 3]);
});

test('[AP17] the server is away: Unavailable after a bounded time, stored once when it is back', async () => {
  const store = log.open({ unavailableAfterMs: 400 });
  const [stream, batch] = [newStream(), [event()]];
  log.server.stop();
  const began = performance.now();
  const attempts = [
    store.append(stream, batch, { expected: 'noStream' }),
    store.head(),
    store.delete(stream, 'any'),
    store.identity(),
    collect(store.readStream(stream)),
  ];
  for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
  expect(performance.now() - began).toBeLessThan(3000);
  await log.server.start();
  expect(await store.append(stream, batch, { expected: 'noStream' })).toMatchObject({ revision: 0n });
});

test('[SB6] the server restarts again and again in the middle of subscriptions', async () => {
  const [store, writer] = [log.open(), log.open()];
  const stream = newStream();
  const recordings = [
    new Recording((signal) => store.subscribe({ after: 'start', signal })),
    new Recording((signal) => store.subscribe({ after: 'start', filter: { typePrefixes: ['noted'] }, signal })),
    new Recording((signal) => store.subscribeStream(stream, { after: 'start', signal })),
  ];
  for (let round = 0; round < 4; round++) {
    await writer.append(stream, events(10), { expected: 'any' });
    log.server.stop();
    await pause(50);
    await log.server.start();
    await writer.append(stream, events(10), { expected: 'any' });
  }
  const all = Array.from({ length: 80 }, (_, n) => n);
  for (const recording of recordings) {
    await eventually(() => recording.events.length >= 80, 'all events');
    expect(revisions(recording.events)).toEqual(all);
    await recording.stop();
  }
});

// Without the bound of fifteen the client rejects 84 promises here that nobody holds. The runner fails a case for each; a
// process would end by the first.
test('the server dies under a burst of appends: stored once each, and no rejection behind our back', async () => {
  const store = log.open({ unavailableAfterMs: 5000 });
  const stream = newStream();
  const data = Buffer.alloc(200_000, 1);
  await store.append(stream, [event()], { expected: 'noStream' });
  loseNextAnswer(() => {
    log.server.stop();
    setTimeout(() => void log.server.start(), 100);
  });
  const burst = events(100, { contentType: 'binary', data });
  await Promise.all(burst.map((one) => store.append(stream, [one], { expected: 'any' })));
  expect(onServer(stream)).toHaveLength(101);
});

test('[ST3] a stream that is tombstoned under its subscriber falls silent', async () => {
  const store = log.open();
  const stream = newStream();
  await store.append(stream, [event()], { expected: 'any' });
  const recording = new Recording((signal) => store.subscribeStream(stream, { after: 'start', signal }));
  await eventually(() => recording.has('caughtUp'));
  await store.tombstone(stream, 'any');
  await pause(100);
  log.gate.cut();
  await pause(400);
  expect(recording.items.map(({ kind }) => kind)).toEqual(['event', 'caughtUp']);
  await recording.stop();
});

test('a server without BatchAppend', async () => {
  const old = await createInProcessLog({ batchAppend: false });
  try {
    const store = old.open();
    const stream = newStream();
    const batch = events(3);
    const first = await store.append(stream, batch, { expected: 'noStream' });
    expect(await store.append(stream, batch, { expected: 'noStream' })).toEqual({ ...first, replayed: true });
    await expect(store.append(stream, [event()], { expected: 7n })).rejects.toMatchObject({ actual: 2n });
    await store.tombstone(stream, 2n);
    await expect(store.append(stream, [event()], { expected: 'any' })).rejects.toMatchObject({ code: 'StreamDeleted' });
  } finally {
    await old.dispose();
  }
});

test("JSON is JSON on the server if its bytes allow it; what is the server's or names the log is hidden", async () => {
  const store = log.open();
  const stream = newStream();
  const texts = ['{"a":1,"b":[null,"ü"]}', '{"a": 1}', '12345678901234567890', '-0', '"x"', 'no JSON'];
  await store.append(
    stream,
    texts.map((text) => event({ data: Buffer.from(text) })),
    { expected: 'any' },
  );
  const types = onServer(stream).map(({ contentType }) => contentType.split('/')[1]);
  expect(types).toEqual(['json', 'octet-stream', 'octet-stream', 'octet-stream', 'json', 'octet-stream']);
  const identity = await store.identity();
  expect(await log.open().identity()).toBe(identity);
  const all = await collect(store.readAll());
  expect(all.map(({ data }) => Buffer.from(data).toString())).toEqual(texts);
  expect(all.every(({ contentType }) => contentType === 'json')).toBe(true);
  expect(await store.head()).toBe(all.at(-1)?.position);
});

test('[DF18] a stream that begins above revision 0 cannot be imported here, and the error says where it can', async () => {
  const store = log.open();
  const one = { ...event(), stream: newStream(), revision: 5n, recordedAt: new Date(1) };
  const refused = { code: 'InvalidArgument', message: expect.stringMatching(/begins at revision 5.*into Postgres/) };
  await expect(store.importEvents([one])).rejects.toMatchObject(refused);
});

test('[IM2] the answer to an import gets lost: everything is there once', async () => {
  const store = log.open({ unavailableAfterMs: 3000 });
  const [a, b] = [newStream(), newStream()];
  const given = [a, a, b, a].map((stream, n) => ({
    ...event(),
    stream,
    revision: BigInt(stream === b ? 0 : n === 3 ? 2 : n),
    recordedAt: new Date(n),
  }));
  loseNextAnswer(() => log.gate.cut());
  await store.importEvents(given);
  expect(ids(await collect(store.readAll()))).toEqual(ids(given));
});

test('[IM1] [DF6] what the server finds too large for one append is imported in parts', async () => {
  const store = log.open();
  const stream = newStream();
  const type = 't'.repeat(1000); // counted twice by the server, not by the port
  const given = Array.from({ length: 1000 }, (_, n) => ({
    ...event({ type, contentType: 'binary' as const, data: Buffer.alloc(500, n) }),
    ...{ stream, revision: BigInt(n), recordedAt: new Date(n) },
  }));
  await store.importEvents(given);
  expect(ids(await collect(store.readStream(stream)))).toEqual(ids(given));
});
