import { EditorState, type Extension } from '@codemirror/state';
import { ySyncAnnotation } from 'y-codemirror.next';

/** Characters (UTF-16 units). The server takes twice as many; beyond this, typing becomes slow on a classroom's computers. */
export const MAX_EDITABLE_LENGTH = 500_000;

const NUMBER = new Intl.NumberFormat('en');

/** Why the editor shows this text without letting it be changed, for a person; null if it can be changed. */
export function obstacleTo(text: string): string | null {
  if (text.includes('\u0000'))
    return 'This file holds data that is not text. It is shown as it is and cannot be edited.';
  if (text.length <= MAX_EDITABLE_LENGTH) return null;
  const [length, limit] = [NUMBER.format(text.length), NUMBER.format(MAX_EDITABLE_LENGTH)];
  return `This file has ${length} characters; the editor changes files of up to ${limit}. You can read, search and copy it.`;
}

/** Refuses what would make the file longer than the editor takes; `onRefused` tells the person. Others' text always comes in. */
export function boundedLength(onRefused: () => void, limit = MAX_EDITABLE_LENGTH): Extension {
  return EditorState.changeFilter.of((transaction) => {
    const { startState, newDoc } = transaction;
    const fits = newDoc.length <= limit || newDoc.length <= startState.doc.length;
    if (fits || transaction.annotation(ySyncAnnotation)) return true;
    onRefused();
    return false;
  });
}

export const TOO_LONG = `Not inserted: a file has at most ${NUMBER.format(MAX_EDITABLE_LENGTH)} characters here. Put some of it into another file.`;
