import * as Y from 'yjs';

/** Undo of what this tab's editor did, and of nothing else: the editor's binding adds itself to the tracked origins. */
export function ownUndo(text: Y.Text): Y.UndoManager {
  return new Y.UndoManager(text, { trackedOrigins: new Set() });
}
