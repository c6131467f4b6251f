import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { AppendTooLarge, InvalidArgument } from '../errors.js';
import type { EventStore, ImportedEvent, RecordedEvent, StreamState } from '../event-store.js';
import { collect, event, events, logAfter, newStream, Recording, revisions } from './samples.js';
import { eventually } from '@palimpsest/test-support';

const LONG_AGO = Date.UTC(2001, 1, 3, 4, 5, 6, 789);

function recorded(stream: string, revision: number, fields: Partial<ImportedEvent> = {}): ImportedEvent {
  return { ...event(), stream, revision: BigInt(revision), recordedAt: new Date(LONG_AGO + revision), ...fields };
}

function streamOf(count: number): ImportedEvent[] {
  const stream = newStream();
  return Array.from({ length: count }, (_, revision) => recorded(stream, revision));
}

function withoutPosition({ position: _position, ...rest }: RecordedEvent): ImportedEvent {
  return { ...rest, data: Buffer.from(rest.data), ...(rest.metadata && { metadata: Buffer.from(rest.metadata) }) };
}

async function stateOf(store: EventStore, stream: string): Promise<StreamState[]> {
  return (await collect(store.streamStates())).filter((state) => state.stream === stream);
}

export function importCases(store: () => EventStore): void {
  test('[IM1] ids, revisions, times, contents and the order of the log come back', async () => {
    const [a, b] = [newStream(), newStream('Ünï code')];
    const given = [
      recorded(a, 0, { metadata: Buffer.from('{"v":1}') }),
      recorded(b, 0, { contentType: 'binary', data: Buffer.from([0, 255, 0x70]), metadata: Buffer.alloc(0) }),
      recorded(b, 1, { data: Buffer.from('{"a": 12345678901234567890 }'), recordedAt: new Date(0) }),
      recorded(a, 1, { data: Buffer.alloc(0), contentType: 'binary', recordedAt: new Date(LONG_AGO + 86_400_000) }),
      recorded(a, 2, { metadata: Buffer.from([0, 0x70, 0x6c, 0x73, 7]), recordedAt: new Date(-1) }),
    ];
    const before = await store().head();
    const end = new AbortController();
    const live = new Recording((signal) =>
      store().subscribe({ after: 'end', signal: AbortSignal.any([signal, end.signal]) }),
    );
    await eventually(() => live.has('caughtUp'));
    await store().importEvents(given);
    expect((await logAfter(store(), before)).map(withoutPosition)).toEqual(given);
    const ofA = given.filter(({ stream }) => stream === a);
    expect((await collect(store().readStream(a))).map(withoutPosition)).toEqual(ofA);
    const backwards = await collect(store().readStream(b, { direction: 'backwards' }));
    expect(backwards.map(withoutPosition)).toEqual([given[2], given[1]]);
    await eventually(() => live.events.length === given.length, 'the subscriber');
    expect(live.events.map(withoutPosition)).toEqual(given);
    await live.stop();
  });

  test('[IM1] more than one write holds', async () => {
    const many = streamOf(2500);
    const other = streamOf(3).map((one) => ({
      ...one,
      contentType: 'binary' as const,
      data: Buffer.alloc(600_000, 1),
    }));
    const before = await store().head();
    await store().importEvents([...many, ...other]);
    const after = await logAfter(store(), before);
    expect(after.map(({ id }) => id)).toEqual([...many, ...other].map(({ id }) => id));
  });

  test('[IM2] a repeated import, and one that goes further, store nothing twice', async () => {
    const given = [...streamOf(3), ...streamOf(2)];
    await store().importEvents(given);
    const before = await store().head();
    await store().importEvents(given);
    expect(await store().head()).toBe(before);
    const more = recorded(given[0]?.stream ?? '', 3);
    await store().importEvents([more]);
    expect(revisions(await collect(store().readStream(more.stream)))).toEqual([0, 1, 2, 3]);
    await store().importEvents([]);
  });

  test('[IM3] what does not continue its stream is refused', async () => {
    const [first, second] = streamOf(2) as [ImportedEvent, ImportedEvent];
    await store().importEvents([first]);
    const { stream } = first;
    const wrong = { code: 'WrongExpectedVersion', stream };
    await expect(store().importEvents([recorded(stream, 0)])).rejects.toMatchObject({ ...wrong, actual: 0n });
    await expect(store().importEvents([recorded(stream, 2)])).rejects.toMatchObject({ ...wrong, actual: 0n });
    await store().importEvents([second]);
    expect(revisions(await collect(store().readStream(stream)))).toEqual([0, 1]);
    await store().tombstone(stream, 'any');
    await expect(store().importEvents([recorded(stream, 2)])).rejects.toMatchObject({ code: 'StreamDeleted', stream });
  });

  test('[IM4] what can be no event is refused before anything is stored', async () => {
    const before = await store().head();
    const good = recorded(newStream(), 0);
    for (const bad of [
      { ...good, stream: '$system' },
      { ...good, stream: 'x'.repeat(1025) },
      { ...good, type: '$type' },
      { ...good, id: 'no id' },
      { ...good, revision: -1n },
      { ...good, recordedAt: new Date(NaN) },
    ])
      await expect(store().importEvents([good, bad])).rejects.toBeInstanceOf(InvalidArgument);
    const large = { ...good, data: Buffer.alloc(store().limits.maxEventBytes + 1) };
    await expect(store().importEvents([good, large])).rejects.toBeInstanceOf(AppendTooLarge);
    expect(await store().head()).toBe(before);
  });

  test('[IM5] imported streams go on; an event that is passed on gets a new time', async () => {
    const given = streamOf(2);
    const stream = given[0]?.stream ?? '';
    await store().importEvents(given);
    const begun = Date.now();
    await store().append(stream, [event()], { expected: 1n });
    const [last] = await collect(store().readStream(stream, { direction: 'backwards', limit: 1 }));
    expect(last?.revision).toBe(2n);
    expect(last?.recordedAt.getTime()).toBeGreaterThan(begun - 60_000);
    const [old] = await collect(store().readStream(stream, { limit: 1 }));
    const copy = newStream();
    await store().append(copy, [{ ...(old as RecordedEvent), id: randomUUID() }], { expected: 'noStream' });
    const [passed] = await collect(store().readStream(copy));
    expect(passed?.recordedAt.getTime()).toBeGreaterThan(begun - 60_000);
  });

  test('[IM6] what a log keeps of streams beside their events', async () => {
    const [plain, withMetadata, deleted, revived, tombstoned, early] = Array.from({ length: 6 }, () => newStream());
    for (const stream of [plain, withMetadata, deleted, revived, tombstoned] as string[])
      await store().append(stream, events(3), { expected: 'noStream' });
    const metadata = { maxCount: 2, maxAgeSeconds: 3_000_000, truncateBefore: 1n, custom: { why: 'ünï' } };
    await store().setStreamMetadata(withMetadata as string, metadata, 'noStream');
    await store().setStreamMetadata(early as string, { maxCount: 7 }, 'any');
    await store().delete(deleted as string, 'any');
    await store().delete(revived as string, 'any');
    await store().append(revived as string, events(1), { expected: 'any' });
    await store().tombstone(tombstoned as string, 'any');
    const none = { deleted: false, tombstoned: false, metadata: {} };
    expect(await stateOf(store(), plain as string)).toEqual([]);
    expect(await stateOf(store(), withMetadata as string)).toEqual([{ ...none, stream: withMetadata, metadata }]);
    expect(await stateOf(store(), early as string)).toEqual([{ ...none, stream: early, metadata: { maxCount: 7 } }]);
    expect(await stateOf(store(), deleted as string)).toEqual([{ ...none, stream: deleted, deleted: true }]);
    const from = { truncateBefore: 3n };
    expect(await stateOf(store(), revived as string)).toEqual([{ ...none, stream: revived, metadata: from }]);
    expect(await stateOf(store(), tombstoned as string)).toEqual([{ ...none, stream: tombstoned, tombstoned: true }]);
  });
}
