import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { asId, type FileId, type RunFile } from '@palimpsest/domain';
import { layOutWorkspace, WorkspaceFault } from './workspace.js';

describe('a workspace that is laid out', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'palimpsest-layout-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const contents = { at: ({ path }: RunFile) => Promise.resolve(Buffer.from(path)) };
  const file = (path: string): RunFile => ({
    ...{ path, revision: '0', file: asId<FileId>('00000000-0000-4000-8000-000000000001') },
  });

  it('has its files and its empty folders, each told once, parents first', async () => {
    const made: string[] = [];
    const tree = { files: [file('a/b.py'), file('pаypal.py')], folders: ['a', 'data/empty', 'data'] };
    await layOutWorkspace(contents, folder, tree, (path) => {
      made.push(path.slice(folder.length + 1));
      return Promise.resolve();
    });
    expect(made.slice(0, 3)).toEqual(['a', 'data', 'data/empty']);
    expect(made.slice(3).sort()).toEqual(['a/b.py', 'pаypal.py']);
    expect(readdirSync(join(folder, 'data', 'empty'))).toEqual([]);
    // A name of an old log that is not taken any more.
    expect(readFileSync(join(folder, 'pаypal.py'), 'utf8')).toBe('pаypal.py');
  });

  it.each([
    ['a file', { files: [file('../out.txt')] }],
    ['a folder', { files: [], folders: ['in/../../out'] }],
  ])('refuses %s that leaves it', async (_, tree) => {
    await expect(layOutWorkspace(contents, join(folder), tree)).rejects.toBeInstanceOf(WorkspaceFault);
    expect(existsSync(join(folder, '..', 'out.txt')) || existsSync(join(folder, '..', 'out'))).toBe(false);
  });
});
