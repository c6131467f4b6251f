import { expect, it } from '@jest/globals';
import type { FileId, RunFile } from '@palimpsest/domain';
import { RememberedContents } from './workspace.js';

const file = (name: string, revision = '1'): RunFile => ({ file: name as FileId, path: name, revision });

/** Contents of ten bytes that say what they are, and how often each was asked for. */
function counted() {
  const asked: string[] = [];
  return {
    asked,
    at: (one: RunFile) => {
      asked.push(`${one.file}@${one.revision}`);
      return Promise.resolve(Buffer.from(`${one.file}@${one.revision}`.padEnd(10)));
    },
  };
}

it('asks once for a file at a revision, and again for another revision', async () => {
  const contents = counted();
  const remembered = new RememberedContents(contents);
  for (const one of [file('a'), file('a'), file('a', '2'), file('a')])
    expect(String(await remembered.at(one)).trim()).toBe(`${one.file}@${one.revision}`);
  expect(contents.asked).toEqual(['a@1', 'a@2']);
});

it('forgets what was not asked for longest, at exactly its bound', async () => {
  const contents = counted();
  const remembered = new RememberedContents(contents, 20);
  await remembered.at(file('a'));
  await remembered.at(file('b'));
  await remembered.at(file('a')); // both are remembered; b is older now
  await remembered.at(file('c'));
  await remembered.at(file('a'));
  await remembered.at(file('b'));
  expect(contents.asked).toEqual(['a@1', 'b@1', 'c@1', 'b@1']);
});

it('does not remember a failure, nor two that were asked for at once twice', async () => {
  let fails = true;
  const remembered = new RememberedContents(
    { at: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(Buffer.alloc(10))) },
    25,
  );
  await expect(remembered.at(file('a'))).rejects.toThrow('away');
  fails = false;
  await Promise.all([remembered.at(file('a')), remembered.at(file('a'))]);
  await remembered.at(file('b')); // 20 bytes, not 30: nothing had to go
  fails = true;
  expect(await remembered.at(file('a'))).toHaveLength(10);
  expect(await remembered.at(file('b'))).toHaveLength(10);
});
