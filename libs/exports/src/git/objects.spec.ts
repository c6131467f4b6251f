import { describe, expect, it } from '@jest/globals';
import { gitObject, signatureName, treeObjects } from './objects.js';

describe('objects of Git', () => {
  it.each([
    // As `git hash-object` has them everywhere.
    ['blob', 'hello\n', 'ce013625030ba8dba906f756967f9e9ca394464a'],
    ['blob', '', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'],
    ['tree', '', '4b825dc642cb6eb9a060e54bf8d69288fbee4904'],
  ] as const)('a %s of %j has the id that Git gives it', (kind, body, id) => {
    expect(gitObject(kind, Buffer.from(body)).id).toBe(id);
  });

  it('sorts a folder as if its name ended with a slash', () => {
    const id = 'ce013625030ba8dba906f756967f9e9ca394464a';
    const root = treeObjects(['a/b', 'a.py', 'a0'].map((path) => ({ path, id }))).at(-1);
    expect(root?.body.toString('latin1').match(/\d+ [a-z0-9.]+(?=\0)/g)).toEqual([
      '100644 a.py',
      '40000 a',
      '100644 a0',
    ]);
  });

  it('gives names that are Git’s own to nobody', () => {
    const id = 'ce013625030ba8dba906f756967f9e9ca394464a';
    const paths = ['.git', '.GIT', 'x/.gitmodules', '.g\u200cit', '_.git', 'git~1', '.gitignore'];
    const text = treeObjects(paths.map((path) => ({ path, id })))
      .map(({ body }) => body.toString('utf8'))
      .join('');
    const names = [...text.matchAll(/100644 ([^\0]+)\0/g)].map(([, name]) => name);
    expect(names.sort()).toEqual(
      ['.gitignore', '_.GIT', '_.git', '_.gitmodules', '_.g\u200cit', '__.git', '_git~1'].sort(),
    );
  });

  it.each([
    ['Ada <x@y>\n', 'Ada  x@y'],
    ['"..', 'id'],
    ['J. Doe, Jr.', 'J. Doe, Jr'],
  ])('a name %j in a signature is %j', (name, clean) => expect(signatureName(name, 'id')).toBe(clean));
});
