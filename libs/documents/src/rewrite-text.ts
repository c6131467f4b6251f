import { TEXT_ROOT } from '@palimpsest/domain';
import type * as Y from 'yjs';
import { changesBetween } from './text-changes.js';

/** Characters (UTF-16 units) that one update inserts: 450 KB at most, so that with its deletions it fits into an event. */
export const MAX_INSERT = 150_000;

/**
 * Makes the text of `doc` into `after` by the least change, under the client id `client`, and returns what was done as
 * updates in order. The same document, text and id always give the same bytes. An empty list: it was that text already.
 */
export function rewriteText(doc: Y.Doc, after: string, client: number): Uint8Array[] {
  const text = doc.getText(TEXT_ROOT);
  const updates: Uint8Array[] = [];
  const take = (update: Uint8Array) => void updates.push(update);
  const own = doc.clientID;
  doc.clientID = client;
  doc.on('update', take);
  try {
    // From the end, so that the places of those before still hold.
    for (const turn of turnsOf(changesBetween(text.toString(), after).reverse()))
      doc.transact(() => {
        for (const { at, remove, insert } of turn) {
          if (remove > 0) text.delete(at, remove);
          if (insert !== '') text.insert(at, insert);
        }
      });
  } finally {
    doc.off('update', take);
    doc.clientID = own;
  }
  return updates;
}

interface Step {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** The changes in groups, each with no more inserted than one update takes. A longer insertion comes in pieces. */
function turnsOf(changes: readonly Step[]): Step[][] {
  const turns: Step[][] = [];
  let room = 0;
  for (const { at, remove, insert } of changes) {
    let rest = insert;
    let place = at;
    let removing = remove;
    do {
      const piece = rest.slice(0, wholeLength(rest, MAX_INSERT));
      if (turns.length === 0 || piece.length > room) {
        turns.push([]);
        room = MAX_INSERT;
      }
      turns.at(-1)?.push({ at: place, remove: removing, insert: piece });
      room -= piece.length;
      place += piece.length;
      removing = 0;
      rest = rest.slice(piece.length);
    } while (rest !== '');
  }
  return turns;
}

/** At most `most`, and never within a surrogate pair. */
function wholeLength(text: string, most: number): number {
  if (text.length <= most) return text.length;
  const last = text.charCodeAt(most - 1);
  return last >= 0xd800 && last < 0xdc00 ? most - 1 : most;
}
