import { describe, expect, it } from '@jest/globals';
import { type FileNode, foldersOf, treeOf } from './file-tree.js';

const file = (path: string) => ({
  id: `id of ${path}`,
  path,
  kind: 'text' as const,
  createdAt: '2026-10-01T08:00:00Z',
});

/** `a/{b, c}, d` */
const text = (nodes: readonly FileNode[]): string =>
  nodes.map((node) => (node.children ? `${node.label}/{${text(node.children)}}` : node.label)).join(', ');

describe('treeOf', () => {
  it.each([
    [[], ''],
    [['main.py'], 'main.py'],
    [['b.py', 'a.py'], 'a.py, b.py'],
    [['a10.py', 'a2.py'], 'a2.py, a10.py'],
    [['z.py', 'pkg/b.py', 'pkg/a.py'], 'pkg/{a.py, b.py}, z.py'],
    [['a/b/c.py', 'a/d.py'], 'a/{b/{c.py}, d.py}'],
  ])('makes a tree of %j', (paths, expected) => {
    expect(text(treeOf(paths.map(file)))).toBe(expected);
  });

  it('gives a file the value of its id and a folder that of its path', () => {
    const [folder] = treeOf([file('a/b.py')]);
    expect(folder?.value).toBe('a/');
    expect(folder?.children?.[0]?.value).toBe('id of a/b.py');
  });
});

describe('foldersOf', () => {
  it.each([
    ['main.py', []],
    ['a/main.py', ['a/']],
    ['a/b/main.py', ['a/', 'a/b/']],
  ])('of %s', (path, expected) => {
    expect(foldersOf(path)).toEqual(expected);
  });
});
