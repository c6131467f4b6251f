import { expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { EventStore, Filter, Position } from '../event-store.js';
import { testNeeding, type ContractHarness, type ContractLog } from './harness.js';
import { collect, event, events, ids, logAfter, newStream, random, Recording, revisions } from './samples.js';

/** Longer than anything that a subscription does on its own within one poll interval. */
const QUIET = 150;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

export function subscribeCases(harness: ContractHarness, store: () => EventStore, log: () => ContractLog): void {
  const follow = (after: Position | 'start' | 'end', filter?: Filter, from = store()) =>
    new Recording((signal) => from.subscribe({ after, signal, ...(filter && { filter }) }));

  /** A position that lies before everything that the case appends. */
  const here = async () => (await store().append(newStream(), [event()], { expected: 'any' })).position;

  const write = async (stream: string, count: number, by = store()) => {
    for (let n = 0; n < count; n++) await by.append(stream, [event()], { expected: 'any' });
  };

  const reached = (recording: Recording, count: number) =>
    eventually(
      () => recording.events.length >= count,
      () => `${count} events (there are ${recording.events.length})`,
    );

  const caughtUp = (recording: Recording) => eventually(() => recording.has('caughtUp'), 'caughtUp');

  testNeeding(harness, 'emptyLog')('[SB1] from the start of an empty log', async () => {
    const fresh = await harness.createLog();
    try {
      const own = fresh.open();
      const recording = follow('start', undefined, own);
      await caughtUp(recording);
      await write(newStream(), 3, own);
      await reached(recording, 3);
      await recording.stop();
      const late = follow('start', undefined, own);
      await caughtUp(late);
      expect(late.items.map(({ kind }) => kind)).toEqual(['event', 'event', 'event', 'caughtUp']);
      expect(late.events).toEqual(recording.events);
      await late.stop();
    } finally {
      await fresh.dispose();
    }
  });

  test('[SB1] [AL5] no loss and no repetition at the seam while writers run: 50 seeds', async () => {
    const other = log().open();
    const tight = log().open({ maxWaitingEvents: 3 });
    for (let seed = 1; seed <= 50; seed++) {
      const chance = random(seed);
      const after = await here();
      const stream = newStream('seam');
      await store().append(stream, events(1 + Math.floor(chance() * 8)), { expected: 'any' });
      const filter = chance() < 0.5 ? { streamPrefixes: ['seam'] } : undefined;
      const writers = [store(), other].map(async (by) => {
        for (let n = 0; n < 10; n++) {
          await by.append(chance() < 0.3 ? newStream() : stream, events(1 + Math.floor(chance() * 3)), {
            expected: 'any',
          });
          if (chance() < 0.3) await pause(chance() * 3);
        }
      });
      await pause(chance() * 6);
      const recordings = [store(), tight].map((by) => follow(after, filter, by));
      const streamed = new Recording((signal) => tight.subscribeStream(stream, { after: 'start', signal }));
      await Promise.all(writers);
      const expected = (await logAfter(store(), after)).filter((one) => !filter || one.stream === stream);
      const own = expected.filter((one) => one.stream === stream);
      await Promise.all([...recordings.map((r) => reached(r, expected.length)), reached(streamed, own.length)]);
      for (const recording of recordings) expect([seed, ids(recording.events)]).toEqual([seed, ids(expected)]);
      expect([seed, ids(streamed.events)]).toEqual([seed, ids(own)]);
      await Promise.all([...recordings, streamed].map((recording) => recording.stop()));
    }
  });

  test('[SB2] from the end: only what is new', async () => {
    await write(newStream(), 2);
    const stream = newStream();
    const recording = follow('end');
    await caughtUp(recording);
    await write(stream, 3);
    await reached(recording, 3);
    expect(recording.events.map((one) => [one.stream, Number(one.revision)])).toEqual(
      [0, 1, 2].map((n) => [stream, n]),
    );
    await recording.stop();
  });

  test('[SB3] a position is exclusive', async () => {
    const stream = newStream();
    const { position } = await store().append(stream, [event()], { expected: 'any' });
    await write(stream, 1);
    const recording = follow(position);
    await caughtUp(recording);
    expect(revisions(recording.events)).toEqual([1]);
    await recording.stop();
  });

  test('[SB4] stopped and resumed 20 times: exactly once', async () => {
    const after = await here();
    const writing = write(newStream(), 200);
    const seen: string[] = [];
    let position = after;
    for (let round = 0; round < 20; round++) {
      for await (const item of store().subscribe({ after: position, signal: AbortSignal.timeout(10_000) })) {
        if (item.kind !== 'event') continue;
        seen.push(item.event.id);
        position = item.event.position;
        if (seen.length % 10 === 0) break;
      }
    }
    await writing;
    expect(seen).toEqual(ids(await logAfter(store(), after)));
  });

  test('[SB5] the checkpoint moves over events that the filter refuses, in history and live', async () => {
    const filter = { streamPrefixes: [newStream('quiet')] };
    const after = await here();
    await write(newStream(), 20);
    const historyEnd = (await store().head()) as Position;
    const recording = follow(after, filter);
    const checkpoint = () => recording.items.findLast((item) => item.kind === 'checkpoint')?.position ?? after;
    await caughtUp(recording);
    // An adapter may look beyond the last event, at what its server keeps there for itself.
    expect(store().comparePositions(checkpoint(), historyEnd)).toBeGreaterThanOrEqual(0);
    await write(newStream(), 20);
    const end = (await store().head()) as Position;
    await eventually(() => store().comparePositions(checkpoint(), end) >= 0, 'a checkpoint at the end');
    expect(recording.events).toEqual([]);
    await recording.stop();
  });

  test('[SB5] an event never follows a checkpoint at or behind it', async () => {
    const category = newStream('mixed');
    const after = await here();
    const recording = follow(after, { streamPrefixes: [category] });
    for (let n = 0; n < 60; n++) await write(n % 3 === 0 ? category : newStream(), 1);
    await reached(recording, 20);
    const positions = recording.items.flatMap((item) =>
      item.kind === 'event' ? [item.event.position] : item.kind === 'checkpoint' ? [item.position] : [],
    );
    for (const [n, position] of positions.entries())
      expect(n === 0 || store().comparePositions(positions[n - 1] as Position, position) < 0).toBe(true);
    await recording.stop();
  });

  testNeeding(harness, 'cutConnections')('[SB6] all connections are cut, again and again', async () => {
    const after = await here();
    const other = log().open();
    const stream = newStream();
    const recording = follow(after);
    const streamed = new Recording((signal) => store().subscribeStream(stream, { after: 'start', signal }));
    await caughtUp(recording);
    for (let round = 0; round < 5; round++) {
      await write(stream, 10, other);
      await log().cutConnections();
      await write(stream, 10, round % 2 === 0 ? other : store());
    }
    await Promise.all([reached(recording, 100), reached(streamed, 100)]);
    await pause(QUIET);
    for (const one of [recording, streamed])
      expect(revisions(one.events)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    await Promise.all([recording.stop(), streamed.stop()]);
  });

  test('[SB8] a consumer that is too slow falls behind, and loses nothing', async () => {
    const tight = log().open({ maxWaitingEvents: 10 });
    const after = await here();
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    let free = true;
    const recording = new Recording(
      (signal) => tight.subscribe({ after, signal }),
      () => (free ? Promise.resolve() : blocked),
    );
    await caughtUp(recording);
    free = false;
    await write(newStream(), 300);
    await pause(QUIET);
    free = true;
    release();
    await reached(recording, 300);
    await eventually(() => recording.items.at(-1)?.kind === 'caughtUp', 'caught up again');
    expect(recording.has('fellBehind')).toBe(true);
    expect(ids(recording.events)).toEqual(ids(await logAfter(store(), after)));
    await recording.stop();
  });

  test('[SB9] one subscriber blocked, the other not', async () => {
    const after = await here();
    const blocked = new Recording(
      (signal) => store().subscribe({ after, signal }),
      () => new Promise(() => undefined),
    );
    const recording = follow(after);
    await caughtUp(recording);
    await write(newStream(), 50);
    await reached(recording, 50);
    await recording.stop();
    expect(blocked.items).toEqual([]);
  });

  test('[SB10] an abort ends it at once: in history, live, and before it began', async () => {
    const live = follow('end');
    const filtered = follow('start', { typePrefixes: ['nobody'] });
    const streamed = new Recording((signal) => store().subscribeStream(newStream(), { after: 'end', signal }));
    await caughtUp(live);
    const began = performance.now();
    await Promise.all([live.stop(), filtered.stop(), streamed.stop()]);
    expect(await collect(store().subscribe({ after: 'start', signal: AbortSignal.abort() }))).toEqual([]);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('[SB10] [CL1] closing the store ends subscriptions and finishes appends', async () => {
    const own = log().open();
    const recording = follow('end', undefined, own);
    await caughtUp(recording);
    const stream = newStream();
    const appends = Promise.all(events(50).map((one) => own.append(stream, [one], { expected: 'any' })));
    await own.close();
    await recording.ended;
    expect(await appends).toHaveLength(50);
    expect((await store().streamInfo(stream)).revision).toBe(49n);
    const refused = [
      own.append(stream, [event()], { expected: 'any' }),
      own.head(),
      own.streamInfo(stream),
      own.delete(stream, 'any'),
      collect(own.readStream(stream)),
      collect(own.readAll()),
    ];
    for (const attempt of refused)
      await expect(attempt).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
    await own.close();
  });

  test('[ST1] [ST4] a stream: history, caughtUp, live; a revision is exclusive', async () => {
    const stream = newStream();
    await store().append(stream, events(5), { expected: 'noStream' });
    await store().setStreamMetadata(stream, { truncateBefore: 2n }, 'any');
    const all = new Recording((signal) => store().subscribeStream(stream, { after: 'start', signal }));
    const some = new Recording((signal) => store().subscribeStream(stream, { after: 3n, signal }));
    const none = new Recording((signal) => store().subscribeStream(stream, { after: 'end', signal }));
    await Promise.all([all, some, none].map(caughtUp));
    await write(newStream(), 3);
    await write(stream, 2);
    await Promise.all([reached(all, 5), reached(some, 3), reached(none, 2)]);
    expect([all, some, none].map((one) => revisions(one.events))).toEqual([
      [2, 3, 4, 5, 6],
      [4, 5, 6],
      [5, 6],
    ]);
    expect(all.items.map(({ kind }) => kind)).toEqual(['event', 'event', 'event', 'caughtUp', 'event', 'event']);
    await Promise.all([all, some, none].map((one) => one.stop()));
  });

  test('[ST2] a stream that comes into being later, and is deleted and revived', async () => {
    const stream = newStream();
    const recording = new Recording((signal) => store().subscribeStream(stream, { after: 'start', signal }));
    await caughtUp(recording);
    await write(stream, 2);
    await reached(recording, 2); // before the deletion: see DF21
    await store().delete(stream, 'any');
    await write(stream, 1);
    await reached(recording, 3);
    expect(revisions(recording.events)).toEqual([0, 1, 2]);
    await recording.stop();
    const late = new Recording((signal) => store().subscribeStream(stream, { after: 'start', signal }));
    await caughtUp(late);
    expect(revisions(late.events)).toEqual([2]);
    await late.stop();
  });
}
