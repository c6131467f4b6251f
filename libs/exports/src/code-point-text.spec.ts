import { describe, expect, it } from '@jest/globals';
import { CodePointText, readable } from './code-point-text.js';

/** As Python would: by code points. */
function applied(text: string, offset: number, removed: string, inserted: string): string {
  const points = [...text];
  const length = [...removed].length;
  expect(points.slice(offset, offset + length).join('')).toBe(removed);
  return [...points.slice(0, offset), ...inserted, ...points.slice(offset + length)].join('');
}

describe('a text counted in code points', () => {
  it('counts an emoji as one, and leaves carriage returns out', () => {
    const text = new CodePointText('a🙂\r\nb');
    expect(text.splice({ at: 5, remove: 1, insert: 'c🙂' })).toEqual({ offset: 3, removed: 'b', inserted: 'c🙂' });
    expect(text.splice({ at: 3, remove: 2, insert: '\r\n' })).toEqual({ offset: 2, removed: '\n', inserted: '\n' });
    expect(text.toString()).toBe('a🙂\r\nc🙂');
  });

  it('replaces a whole character where an edit divides one, as Yjs does', () => {
    const text = new CodePointText('a🙂b');
    expect(text.splice({ at: 2, remove: 0, insert: 'x' })).toEqual({
      ...{ offset: 1, removed: '🙂', inserted: '\ufffdx\ufffd' },
    });
    expect(text.toString()).toBe('a\ufffdx\ufffdb');
    const half = new CodePointText('🙂🙂');
    expect(half.splice({ at: 1, remove: 2, insert: '' })).toEqual({
      offset: 0,
      removed: '🙂🙂',
      inserted: '\ufffd\ufffd',
    });
  });

  it('refuses what is outside', () => {
    expect(() => new CodePointText('ab').splice({ at: 1, remove: 2, insert: '' })).toThrow(RangeError);
  });

  it.each([1, 2, 3])(
    'leads a reader to the same text as the edits do, over the ends of pieces too: seed %i',
    (seed) => {
      let state = seed;
      const next = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
      const text = new CodePointText();
      let [real, read] = ['', ''];
      for (let step = 0; step < 400; step++) {
        const at = next(real.length + 1);
        const remove = Math.min(next(4) === 0 ? next(3_000) : 0, real.length - at);
        const insert = ['x', '🙂', '\r\n', 'é'.repeat(700), '👩‍🏫'.repeat(300), '\0'][next(6)] ?? '';
        const isWhole = (unit: number) => !(real.charCodeAt(unit) >= 0xdc00 && real.charCodeAt(unit) < 0xe000);
        if (!isWhole(at) || !isWhole(at + remove)) continue;
        real = real.slice(0, at) + insert + real.slice(at + remove);
        const { offset, removed, inserted } = text.splice({ at, remove, insert });
        read = applied(read, offset, removed, inserted);
        expect(text.length).toBe(real.length);
      }
      expect(text.toString()).toBe(real);
      expect(read).toBe(readable(real));
    },
  );
});
