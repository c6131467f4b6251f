import { type Actor, isPasted } from '@palimpsest/domain';
import type { PointSplice } from '../code-point-text.js';
import type { TextEdit } from '../file-texts.js';
import type { Cells } from './columns.js';

/**
 * What pandas.read_csv takes for "no value" without being told otherwise, so that an insertion of it would be lost in the
 * readers of the ProgSnap2 toolkit. pandas.io.parsers, `na_values`.
 */
const NO_VALUES = new Set(
  '#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null'.split(','),
);

type EditType = 'Insert' | 'Delete' | 'Replace' | 'Paste' | 'GenericEdit';

function typeOf({ removed, inserted }: PointSplice, origin: TextEdit['origin']): EditType {
  if (origin === 'server') return 'GenericEdit';
  if (origin === 'live' && isPasted(inserted)) return 'Paste';
  return inserted === '' ? 'Delete' : removed === '' ? 'Insert' : 'Replace';
}

/** Changes that come to the same, none of which inserts or deletes a text that readers would take for nothing. */
export function legible(splice: PointSplice): PointSplice[] {
  const { offset, removed, inserted } = splice;
  if (!NO_VALUES.has(removed) && !NO_VALUES.has(inserted)) return [splice];
  const [first, last] = inTwo(removed);
  const [begin, end] = inTwo(inserted);
  return [
    { offset, removed: first, inserted: '' },
    { offset, removed: last, inserted: '' },
    { offset, removed: '', inserted: begin },
    { offset: offset + [...begin].length, removed: '', inserted: end },
  ].filter((part) => part.removed !== part.inserted);
}

/** Without its last character none of NO_VALUES is another of them. */
function inTwo(text: string): readonly [string, string] {
  return NO_VALUES.has(text) ? [text.slice(0, -1), text.slice(-1)] : [text, ''];
}

/** Who began it, seen from the author, who is the row's subject. */
export function initiatorOf({ id, role, via }: Actor, origin?: TextEdit['origin']): string {
  if (id === 'system') return 'ToolReaction';
  const isDirect = origin !== 'server' && via !== 'executor' && via !== 'system';
  const who = role === 'professor' || role === 'assistant' ? 'Instructor' : 'User';
  return `${who}${isDirect ? 'Direct' : 'Indirect'}Action`;
}

/** The cells of the rows of one update. */
export function editCells({ splices, origin }: TextEdit, path: string, actor: Actor): Cells[] {
  return splices.flatMap((splice) => {
    const EditType = typeOf(splice, origin);
    return legible(splice).map(({ offset, removed, inserted }): Cells => ({
      CodeStateSection: path,
      EventInitiator: initiatorOf(actor, origin),
      EditType,
      SourceLocation: offset,
      ...(inserted !== '' && { InsertText: inserted }),
      ...(removed !== '' && { DeleteText: removed, DeleteLength: [...removed].length }),
      'X-Origin': origin,
    }));
  });
}
