import { describe, expect, it } from '@jest/globals';
import { checkPath, pathKey, staysInside, utf8Length } from './path.js';

describe('path', () => {
  it.each(['main.py', 'a/b/c.txt', 'übung 1.py', '数据.csv', '.hidden', 'a b/c d.py', '👩‍🏫.py'.replace('\u200d', '')])(
    'takes %j',
    (path) => expect(checkPath(path)).toEqual({ ok: true, path: path.normalize('NFC') }),
  );

  it('says plainly which letter is of another alphabet', () => {
    expect(checkPath('p\u0430ypal.py')).toEqual({
      ok: false,
      problem:
        '"p\u0430ypal" mixes alphabets: its "\u0430" is Cyrillic and looks like the Latin "a". Type it in one alphabet.',
    });
  });

  it('a path that old logs have stays inside, by whatever rule it was accepted', () => {
    expect(['p\u0430y.py', 'a/b.py'].map(staysInside)).toEqual([true, true]);
    expect(['../a', 'a//b', '/a', 'a/./b', 'a\u0000', ''].map(staysInside)).toEqual(Array(6).fill(false));
  });

  it('normalises to NFC', () => {
    expect(checkPath('e\u0301.py')).toEqual({ ok: true, path: '\u00e9.py' });
  });

  it.each([
    ['a name of 200 bytes', 'x'.repeat(200), true],
    ['a name of 201 bytes', 'x'.repeat(201), false],
    ['a name of 200 bytes in two-byte characters', 'é'.repeat(100), true],
    ['a name of 202 bytes in two-byte characters', 'é'.repeat(101), false],
    ['16 levels', Array(16).fill('d').join('/'), true],
    ['17 levels', Array(17).fill('d').join('/'), false],
    ['half a character', 'a\ud800', false],
    ['a zero-width joiner', 'a\u200db', false],
    ['a line separator', 'a\u2028b', false],
    ['a filler that renders as nothing', 'a\u3164b', false],
    ['a tag character', 'a\u{e0041}b', false],
    ['an emoji with its variation selector', '❤\ufe0f.py', true],
    ['Cyrillic alone', 'привет.py', true],
    ['Greek as symbols', 'Δt αβ μm.csv', true],
    ['Latin with a Cyrillic а', 'p\u0430ypal.py', false],
    ['Latin with a Greek capital Alpha', '\u0391lpha.py', false],
    ['a reserved name in a compatible form', 'com¹.txt', false],
    ['a reserved name with a space before its dot', 'con .txt', false],
    ['a reserved name within another', 'console.txt', true],
  ])('%s: %#', (_, path, ok) => expect(checkPath(path).ok).toBe(ok));

  it('never lets a path out of its folder, whatever the text', () => {
    // A small generator of hostile paths: seeded, so that a failure can be repeated.
    let seed = 20261123;
    const next = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
    const parts = ['..', '.', '', 'a', '/', '\\', '\u0000', '\u202e', 'con', '~', '%2e%2e', ' ', 'é', '\ud800', '//'];
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from({ length: 1 + next(6) }, () => parts[next(parts.length)]).join(next(2) ? '/' : '');
      const checked = checkPath(text);
      if (!checked.ok) continue;
      expect(checked.path.split('/')).not.toContain('..');
      expect(checked.path.startsWith('/')).toBe(false);
      expect(checkPath(checked.path)).toEqual(checked);
    }
  });

  it('gives paths that look alike the same key', () => {
    expect(pathKey('Main.PY')).toBe(pathKey('main.py'));
    expect(pathKey('ﬁle.py')).toBe(pathKey('file.py'));
    expect(pathKey('a.py')).not.toBe(pathKey('b.py'));
    expect(pathKey('STRASSE')).toBe(pathKey('straße'));
    expect(pathKey('ТЕСТ')).toBe(pathKey('тест'));
    expect(pathKey('сор.py')).toBe(pathKey('cop.py')); // the first is Cyrillic
    expect(pathKey('❤\ufe0f')).toBe(pathKey('❤'));
    expect(pathKey('α.csv')).not.toBe(pathKey('a.csv'));
  });

  it.each(['', 'a', 'é', '数', '👩'])('counts the bytes of %j as UTF-8 does', (text) => {
    expect(utf8Length(text)).toBe(encodeURIComponent(text).replace(/%../g, 'x').length);
  });
});
