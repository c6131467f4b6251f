import { describe, expect, it } from '@jest/globals';
import { type Actor, PASTE_UNITS } from '@palimpsest/domain';
import { editCells, initiatorOf, legible } from './edit-rows.js';

const ada: Actor = { id: 'ada', role: 'student', via: 'websocket' };
const typed = (inserted: string, removed = '', origin: 'live' | 'sync' | 'server' = 'live') =>
  editCells({ at: 0, origin, splices: [{ offset: 5, removed, inserted }] }, 'a.py', ada);

const words = (units: number) => `a ${'b'.repeat(units - 2)}`;

describe('rows of an edit', () => {
  it.each([
    ['a', '', 'Insert'],
    ['', 'a', 'Delete'],
    ['a', 'b', 'Replace'],
    [words(PASTE_UNITS - 1), '', 'Insert'],
    [words(PASTE_UNITS), '', 'Paste'],
    [words(PASTE_UNITS), 'a', 'Paste'],
    ['x\ny', '', 'Paste'],
  ])('%j for %j is %s', (inserted, removed, EditType) => {
    expect(typed(inserted, removed)).toMatchObject([{ EditType, SourceLocation: 5 }]);
  });

  it('calls nothing a paste that was put together offline or made by the system', () => {
    const long = words(100);
    expect(typed(long, '', 'sync')[0]?.EditType).toBe('Insert');
    expect(typed(long, '', 'server')[0]).toMatchObject({
      EditType: 'GenericEdit',
      EventInitiator: 'UserIndirectAction',
    });
  });

  it('says how much and what was deleted', () => {
    expect(typed('', '🙂b')[0]).toMatchObject({ DeleteText: '🙂b', DeleteLength: 2 });
    expect(typed('x')[0]).not.toHaveProperty('DeleteText');
  });

  it.each(['None', 'NaN', 'null', '#NA', '#N/A N/A', '<NA>', 'n/a', 'nan'])(
    'never inserts or deletes just %s',
    (word) => {
      for (const splice of [
        { offset: 3, removed: '', inserted: word },
        { offset: 3, removed: word, inserted: '' },
        { offset: 3, removed: word, inserted: word.toUpperCase() },
        { offset: 3, removed: 'x', inserted: word },
      ]) {
        const parts = legible(splice);
        let text = `abc${splice.removed}def`;
        for (const { offset, removed, inserted } of parts) {
          expect([removed, inserted]).not.toContain(word);
          expect(text.slice(offset, offset + removed.length)).toBe(removed);
          text = text.slice(0, offset) + inserted + text.slice(offset + removed.length);
        }
        expect(text).toBe(`abc${splice.inserted}def`);
      }
      expect(legible({ offset: 0, removed: '', inserted: `${word} ` })).toHaveLength(1);
    },
  );

  it.each([
    [ada, undefined, 'UserDirectAction'],
    [{ ...ada, role: 'professor' }, 'live', 'InstructorDirectAction'],
    [{ ...ada, via: 'executor' }, 'server', 'UserIndirectAction'],
    [{ id: 'system', role: 'system', via: 'system' }, 'server', 'ToolReaction'],
  ] as const)('%j is %s %s', (actor, origin, initiator) => expect(initiatorOf(actor, origin)).toBe(initiator));
});
