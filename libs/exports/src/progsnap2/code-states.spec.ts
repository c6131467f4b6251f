import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { codeState, codeStateRecords } from './code-states.js';

it('has the id of the toolkit: SHA-256 over the sorted sections, joined by NUL', () => {
  const { id } = codeState([
    { path: 'b.py', text: 'b\r\n' },
    { path: 'a.py', text: 'a' },
  ]);
  expect(id).toBe(createHash('sha256').update('a.pya\0b.pyb\n').digest('hex'));
  expect(codeState([]).id).toBe('');
});

it('leaves out data, by 100,000 characters, and no program', () => {
  const paths = (path: string, length: number) =>
    codeState([{ path, text: 'x'.repeat(length) }]).sections.map((section) => section.path);
  expect(paths('a.csv', 100_000)).toEqual(['a.csv']);
  expect(paths('a.csv', 100_001)).toEqual([]);
  expect(paths('a.py', 100_001)).toEqual(['a.py']);
});

it('is a record for each section', () => {
  const state = codeState([{ path: 'a, b.py', text: 'say("hi")\n' }]);
  expect(codeStateRecords(state)).toBe(`${state.id},"say(""hi"")\n","a, b.py"\r\n`);
});
