import { describe, expect, it } from '@jest/globals';
import { copyName, draggedOf, type FileNode, folderAt, foldersOf, landingOf, treeOf } from './file-tree.js';

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

  it('has folders that were made, with or without files', () => {
    expect(text(treeOf(['a/x.py'].map(file), ['a', 'b/c']))).toBe('a/{x.py}, b/{c/{}}');
  });

  it('gives a file the value of its id and a folder that of its path', () => {
    const [folder] = treeOf([file('a/b.py')]);
    expect(folder?.value).toBe('a/');
    expect(folder?.children?.[0]?.value).toBe('id of a/b.py');
  });
});

describe('what is dragged', () => {
  const files = ['main.py', 'a/b.py', 'a/c/d.py'].map(file);
  it.each([
    ['id of main.py', 'a/', 'a/main.py'],
    ['id of a/b.py', 'id of main.py', 'b.py'],
    ['id of a/b.py', 'id of a/c/d.py', 'a/c/b.py'],
    ['id of main.py', 'nothing', null],
    ['a/c/', 'id of main.py', 'c'],
    ['a/', 'a/c/', null],
    ['a/', 'a/', null],
  ] as const)('%s dropped on %s lands at %s', (dragged, target, expected) => {
    expect(landingOf(draggedOf(dragged, files)!, folderAt(target, files))).toBe(expected);
  });
});

describe('copyName', () => {
  it.each([
    ['a/b.py', [], 'a/b-2.py'],
    ['b.py', ['b-2.py'], 'b-3.py'],
    ['a.d/folder', [], 'a.d/folder-2'],
    ['.hidden', [], '.hidden-2'],
  ])('of %s beside %j is %s', (path, taken, expected) => expect(copyName(path, new Set(taken))).toBe(expected));
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
