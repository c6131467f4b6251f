import type { Extension } from '@codemirror/state';
import { EditorView, type ViewUpdate } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

/** A selection in awareness, as y-codemirror.next writes and draws it. */
interface Cursor {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

/**
 * Tells the others where the selection is, also while the person is elsewhere in the page. y-codemirror.next does so only while
 * the editor has the focus. Whoever had selected everything and went to the console was then shown with all of whatever the others
 * wrote instead: of a selection's ends one was in text that is gone, the other "at the end of the text". Belongs after yCollab,
 * which brings the text up to date first.
 */
export function steadySelection(text: Y.Text, awareness: Awareness): Extension {
  return EditorView.updateListener.of((update) => {
    if (!update.docChanged || hasFocus(update)) return;
    const told = (awareness.getLocalState() as { cursor?: Cursor | null } | null)?.cursor;
    if (!told) return; // this person has not been in the text yet
    const { anchor, head } = update.state.selection.main;
    const cursor: Cursor = {
      anchor: Y.createRelativePositionFromTypeIndex(text, anchor),
      head: Y.createRelativePositionFromTypeIndex(text, head),
    };
    if (!isSame(told, cursor)) awareness.setLocalStateField('cursor', cursor);
  });
}

function hasFocus({ view }: ViewUpdate): boolean {
  return view.hasFocus && view.dom.ownerDocument.hasFocus();
}

function isSame(one: Cursor, other: Cursor): boolean {
  const same = (a: Y.RelativePosition, b: Y.RelativePosition) =>
    Y.compareRelativePositions(Y.createRelativePositionFromJSON(a), b);
  return same(one.anchor, other.anchor) && same(one.head, other.head);
}
