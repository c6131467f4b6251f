import { expect, test } from '@jest/globals';
import { event } from '../contract/samples.js';
import type { NewEvent } from '../event-store.js';
import { MetadataShelf } from './metadata-shelf.js';

const withMetadata = (metadata: string): NewEvent => ({ ...event(), metadata: Buffer.from(metadata) });
const long = (letter: string) => letter.repeat(64);

function shelf() {
  const kept: string[] = [];
  const keep = (contents: readonly Uint8Array[]) => {
    for (const content of contents) kept.push(Buffer.from(content).toString());
    return Promise.resolve(
      contents.map((content) => (content[0] === 'x'.charCodeAt(0) ? null : BigInt(content[0] ?? 0))),
    );
  };
  const it = new MetadataShelf();
  return { kept, keysFor: (...texts: string[]) => it.keysFor(texts.map(withMetadata), keep) };
}

test('what comes a second time is kept, once, and named from then on', async () => {
  const { kept, keysFor } = shelf();
  expect(await keysFor(long('a'), long('b'))).toEqual([null, null]);
  expect(await keysFor(long('a'))).toEqual([97n]);
  expect(await keysFor(long('b'), long('a'), long('c'))).toEqual([98n, 97n, null]);
  expect(kept).toEqual([long('a'), long('b')]);
});

test('twice in one append counts', async () => {
  const { kept, keysFor } = shelf();
  expect(await keysFor(long('a'), long('a'))).toEqual([97n, 97n]);
  expect(kept).toEqual([long('a')]);
});

test('what cannot be kept is not tried again', async () => {
  const { kept, keysFor } = shelf();
  for (let n = 0; n < 3; n++) expect(await keysFor(long('x'))).toEqual([null]);
  expect(kept).toEqual([long('x')]);
});

test('63 bytes and 4,097 bytes stay in their events, and so does no metadata', async () => {
  const { kept, keysFor } = shelf();
  const texts = ['a'.repeat(63), 'b'.repeat(4097), ''];
  await keysFor(...texts);
  expect(await keysFor(...texts)).toEqual([null, null, null]);
  await keysFor('c'.repeat(4096));
  expect(await keysFor('c'.repeat(4096))).toEqual([99n]);
  expect(await new MetadataShelf().keysFor([event(), event()], () => Promise.reject(new Error('asked')))).toEqual([
    null,
    null,
  ]);
  expect(kept).toEqual(['c'.repeat(4096)]);
});

test('the oldest of 4,001 contents is forgotten', async () => {
  const { kept, keysFor } = shelf();
  for (let n = 0; n < 4001; n++) await keysFor(`${n}`.padStart(64, '0'));
  expect(await keysFor('0'.repeat(64))).toEqual([null]);
  await keysFor('4000'.padStart(64, '0'));
  expect(kept).toEqual(['4000'.padStart(64, '0')]);
});

test('a failure to keep leaves it for the next time', async () => {
  const it = new MetadataShelf();
  const one = withMetadata(long('a'));
  await it.keysFor([one], () => Promise.reject(new Error('not asked')));
  await expect(it.keysFor([one], () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await it.keysFor([one], () => Promise.resolve([5n]))).toEqual([5n]);
});
