import { expect, test } from '@jest/globals';
import { asId, type FileProduced } from '@palimpsest/domain';
import { notKeptInWords, producedInWords, sizeInWords } from './files-in-words.js';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1_000, '1 KB'],
  [12_345, '12 KB'],
  [3_400_000, '3.4 MB'],
  [10_000_000, '10 MB'],
])('%i bytes are %s', (bytes, words) => expect(sizeInWords(bytes)).toBe(words));

const data = (more: Partial<FileProduced['data']>): FileProduced['data'] => ({
  ...{ ms: 1, batch: 0, path: 'a.csv', change: 'created', kind: 'text', base: null, revision: '0' },
  file: asId('00000000-0000-4000-8000-000000000001'),
  ...more,
});

test.each([
  [data({ size: 12_000 }), 'wrote a.csv (12 KB)'],
  [data({ size: 12, keptAs: 'a-2.csv' }), 'wrote a.csv (12 bytes), kept as a-2.csv'],
  [data({ change: 'changed', size: 1 }), 'changed a.csv (1 byte)'],
  [data({ change: 'deleted' }), 'deleted a.csv'],
  [data({ change: 'moved', from: 'old.csv' }), 'renamed old.csv to a.csv'],
])('%j', (event, words) => expect(producedInWords(event)).toBe(words));

test('what was not kept is told with why, and what is wrong with its name', () => {
  expect(notKeptInWords({ path: 'l', reason: 'link' })).toMatch(/^l was not kept: it is a link.*\.$/);
  expect(notKeptInWords({ path: 'a', reason: 'name', detail: 'A name has no backslash.' })).toBe(
    'a was not kept: it has a name that cannot be kept (A name has no backslash).',
  );
  expect(notKeptInWords({ path: 'a', reason: 'edited' })).toMatch(/^a was kept: .* it stays\.$/);
  expect(notKeptInWords({ path: '.', reason: 'failed' })).toMatch(/^Some files were not kept: /);
});
