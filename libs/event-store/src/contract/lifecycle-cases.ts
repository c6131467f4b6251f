import { expect, test } from '@jest/globals';
import { InvalidArgument, StreamDeleted, StreamNotFound } from '../errors.js';
import type { EventStore, Expected, StreamMetadata } from '../event-store.js';
import { collect, event, events, ids, logAfter, newStream, Recording, revisions } from './samples.js';

export function lifecycleCases(store: () => EventStore): void {
  async function filled(count: number): Promise<string> {
    const stream = newStream();
    await store().append(stream, events(count), { expected: 'noStream' });
    return stream;
  }
  const visible = async (stream: string) => revisions(await collect(store().readStream(stream)));

  test('[DL1] [DL6] a deleted stream is not found, its events stay in the log', async () => {
    const before = await store().head();
    const stream = await filled(3);
    await store().delete(stream, 2n);
    await expect(collect(store().readStream(stream))).rejects.toBeInstanceOf(StreamNotFound);
    expect(await store().streamInfo(stream)).toMatchObject({
      exists: false,
      revision: 2n,
      deleted: true,
      tombstoned: false,
    });
    expect(revisions(await logAfter(store(), before))).toEqual([0, 1, 2]);
  });

  test.each<[Expected]>([['noStream'], ['any'], [2n]])('[DL2] revived with %s', async (expected) => {
    const stream = await filled(3);
    await store().delete(stream, 'any');
    expect((await store().append(stream, events(2), { expected })).revision).toBe(4n);
    expect(await visible(stream)).toEqual([3, 4]);
    expect(revisions(await collect(store().readStream(stream, { direction: 'backwards' })))).toEqual([4, 3]);
    expect(await store().streamInfo(stream)).toMatchObject({ exists: true, revision: 4n, deleted: false });
    await expect(store().append(stream, [event()], { expected: 'noStream' })).rejects.toMatchObject({ actual: 4n });
  });

  test('[DL2] streamExists and a stale revision do not revive', async () => {
    const stream = await filled(3);
    await store().delete(stream, 'any');
    for (const expected of ['streamExists', 1n, 3n] as const)
      await expect(store().append(stream, [event()], { expected })).rejects.toMatchObject({
        code: 'WrongExpectedVersion',
      });
    expect((await store().streamInfo(stream)).deleted).toBe(true);
  });

  test('[DL2] deleted and revived twice', async () => {
    const stream = await filled(2);
    for (const last of [2n, 3n]) {
      await store().delete(stream, 'streamExists');
      expect((await store().append(stream, [event()], { expected: 'noStream' })).revision).toBe(last);
    }
    expect(await visible(stream)).toEqual([3]);
  });

  test('[DL3] deleting with a wrong expectation', async () => {
    const stream = await filled(3);
    for (const expected of [1n, 3n, 'noStream'] as const) {
      await expect(store().delete(stream, expected)).rejects.toMatchObject({
        code: 'WrongExpectedVersion',
        actual: 2n,
      });
      await expect(store().tombstone(stream, expected)).rejects.toMatchObject({
        code: 'WrongExpectedVersion',
        actual: 2n,
      });
    }
    expect(await visible(stream)).toEqual([0, 1, 2]);
  });

  test('[DL4] deleting what is not there', async () => {
    const stream = newStream();
    await store().delete(stream, 'any');
    await store().delete(stream, 'noStream');
    await expect(store().delete(stream, 'streamExists')).rejects.toMatchObject({ actual: 'noStream' });
    await expect(store().delete(stream, 0n)).rejects.toMatchObject({ actual: 'noStream' });
    const deleted = await filled(2);
    await store().delete(deleted, 'any');
    await store().delete(deleted, 'any');
    expect((await store().append(deleted, [event()], { expected: 'noStream' })).revision).toBe(2n);
  });

  test('[DL5] [DL6] [ST3] a tombstone is for ever', async () => {
    const [stream, other] = [await filled(3), await filled(2)];
    await store().tombstone(stream, 2n);
    const refused: Promise<unknown>[] = [
      collect(store().readStream(stream)),
      store().append(stream, [event()], { expected: 'any' }),
      store().append(stream, [event()], { expected: 'noStream' }),
      store().append(stream, [event()], { expected: 2n }),
      store().delete(stream, 'any'),
      store().tombstone(stream, 'any'),
      store().setStreamMetadata(stream, {}, 'any'),
      new Recording((signal) => store().subscribeStream(stream, { after: 'start', signal })).ended,
    ];
    for (const attempt of refused) await expect(attempt).rejects.toBeInstanceOf(StreamDeleted);
    expect(await store().streamInfo(stream)).toMatchObject({ exists: false, revision: 2n, tombstoned: true });
    expect(await visible(other)).toEqual([0, 1]);
    expect(await collect(store().readAll({ filter: { streamPrefixes: [stream] } }))).toHaveLength(3);
  });

  test('[DL5] a tombstone for a missing and for a deleted stream', async () => {
    const [missing, deleted] = [newStream(), await filled(1)];
    await store().delete(deleted, 'any');
    for (const stream of [missing, deleted]) {
      await store().tombstone(stream, 'noStream');
      await expect(store().append(stream, [event()], { expected: 'any' })).rejects.toBeInstanceOf(StreamDeleted);
    }
  });

  test('[MD1] [DL6] maxCount', async () => {
    const before = await store().head();
    const stream = await filled(10);
    await store().setStreamMetadata(stream, { maxCount: 3 }, 'noStream');
    expect(await visible(stream)).toEqual([7, 8, 9]);
    expect(revisions(await collect(store().readStream(stream, { from: 2n, limit: 2 })))).toEqual([7, 8]);
    expect(revisions(await collect(store().readStream(stream, { direction: 'backwards', from: 8n })))).toEqual([8, 7]);
    expect((await store().append(stream, [event()], { expected: 9n })).revision).toBe(10n);
    expect(await visible(stream)).toEqual([8, 9, 10]);
    expect(await logAfter(store(), before)).toHaveLength(11);
    await store().setStreamMetadata(stream, { maxCount: 100 }, 0n);
    expect(await visible(stream)).toHaveLength(11);
  });

  test('[MD2] maxAgeSeconds', async () => {
    const stream = await filled(2);
    await store().setStreamMetadata(stream, { maxAgeSeconds: 2 }, 'any');
    expect(await visible(stream)).toEqual([0, 1]);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await visible(stream)).toEqual([]);
    await store().append(stream, [event()], { expected: 1n });
    expect(await visible(stream)).toEqual([2]);
  });

  test('[MD3] truncateBefore', async () => {
    const stream = await filled(5);
    await store().setStreamMetadata(stream, { truncateBefore: 3n }, 'any');
    expect(await visible(stream)).toEqual([3, 4]);
    await store().setStreamMetadata(stream, { truncateBefore: 5n }, 'any');
    expect(await visible(stream)).toEqual([]);
    await store().append(stream, [event()], { expected: 4n });
    expect(await visible(stream)).toEqual([5]);
    await store().setStreamMetadata(stream, { truncateBefore: 1n, maxCount: 2 }, 'any');
    expect(await visible(stream)).toEqual([4, 5]);
  });

  test('[MD4] [MD5] metadata: revisions, conflicts, replacement, custom keys', async () => {
    const stream = await filled(1);
    const custom = { room: 'ü', nested: { list: [1, 'two', null] } };
    expect(await store().streamInfo(stream)).toMatchObject({ metadata: {}, metadataRevision: undefined });
    await expect(store().setStreamMetadata(stream, {}, 'streamExists')).rejects.toMatchObject({ actual: 'noStream' });
    await store().setStreamMetadata(stream, { maxCount: 5, maxAgeSeconds: 60, truncateBefore: 7n, custom }, 'noStream');
    expect(await store().streamInfo(stream)).toMatchObject({
      metadataRevision: 0n,
      metadata: { maxCount: 5, maxAgeSeconds: 60, truncateBefore: 7n, custom },
    });
    for (const expected of ['noStream', 1n] as const)
      await expect(store().setStreamMetadata(stream, {}, expected)).rejects.toMatchObject({
        code: 'WrongExpectedVersion',
        subject: 'metadata',
        actual: 0n,
      });
    await store().setStreamMetadata(stream, { custom: {} }, 0n);
    expect(await store().streamInfo(stream)).toMatchObject({ metadataRevision: 1n, revision: 0n });
    expect((await store().streamInfo(stream)).metadata).toEqual({ custom: {} });
  });

  test.each<[string, StreamMetadata]>([
    ['maxCount 0', { maxCount: 0 }],
    ['half a second', { maxAgeSeconds: 0.5 }],
    ['an age beyond the limit', { maxAgeSeconds: 3_155_760_001 }],
    ['a negative revision', { truncateBefore: -1n }],
    ['a list', { custom: [] as unknown as Record<string, unknown> }],
    ['NUL', { custom: { a: '\0' } }],
  ])('[MD4] refused: %s', async (_name, metadata) => {
    await expect(store().setStreamMetadata(newStream(), metadata, 'any')).rejects.toBeInstanceOf(InvalidArgument);
  });

  test('[MD4] the largest age, and text that only looks like an escape', async () => {
    const stream = await filled(1);
    await store().setStreamMetadata(stream, { maxAgeSeconds: 3_155_760_000, custom: { a: '\\u0000' } }, 'any');
    expect(await visible(stream)).toEqual([0]);
    expect((await store().streamInfo(stream)).metadata.custom).toEqual({ a: '\\u0000' });
  });

  test('[MD6] metadata before the first event', async () => {
    const stream = newStream();
    await store().setStreamMetadata(stream, { maxCount: 1 }, 'any');
    expect(await store().streamInfo(stream)).toMatchObject({
      exists: false,
      revision: undefined,
      metadataRevision: 0n,
    });
    await expect(collect(store().readStream(stream))).rejects.toBeInstanceOf(StreamNotFound);
    const batch = events(2);
    await store().append(stream, batch, { expected: 'noStream' });
    expect(ids(await collect(store().readStream(stream)))).toEqual(ids(batch.slice(1)));
  });
}
