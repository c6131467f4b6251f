import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@palimpsest/test-support';
import { PipeStock } from './pipe-stock.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipes-'));
});
// The stock may be making more meanwhile, unasked: then the folder is not empty at the first try, nor is it looked through anew.
afterEach(() =>
  eventually(() => {
    rmSync(folder, { recursive: true, force: true });
    return true;
  }, 'the folder being removed'),
);

it('puts a pipe of its own at every path, however many are asked for at once', async () => {
  const stock = await PipeStock.open(join(folder, 'stock'));
  const paths = Array.from({ length: 150 }, (_, n) => join(folder, `pipe-${n}`));
  await Promise.all(Array.from({ length: 50 }, (_, n) => stock.take(paths.slice(3 * n, 3 * n + 3))));
  const found = paths.map((path) => statSync(path));
  expect(found.every((one) => one.isFIFO() && (one.mode & 0o777) === 0o600)).toBe(true);
  expect(new Set(found.map(({ ino }) => ino)).size).toBe(paths.length);
});

it('empties its folder, and replaces what is at a path', async () => {
  const first = await PipeStock.open(join(folder, 'stock'));
  await first.take([join(folder, 'a')]);
  const { ino } = statSync(join(folder, 'a'));
  writeFileSync(join(folder, 'b'), 'a file');
  const second = await PipeStock.open(join(folder, 'stock'));
  await second.take([join(folder, 'a'), join(folder, 'b')]);
  expect(statSync(join(folder, 'b')).isFIFO()).toBe(true);
  expect(statSync(join(folder, 'a')).ino).not.toBe(ino);
});

it('rejects for a path that is not there, and goes on', async () => {
  const stock = await PipeStock.open(join(folder, 'stock'));
  await expect(stock.take([join(folder, 'no', 'pipe')])).rejects.toThrow('ENOENT');
  await stock.take([join(folder, 'pipe')]);
  expect(statSync(join(folder, 'pipe')).isFIFO()).toBe(true);
});
