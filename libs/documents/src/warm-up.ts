import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';
import { decodeDocState, encodeDocState } from './doc-snapshot.js';

/** Edits of the text, and how often it is opened: enough for the engine to compile what opens a file, some 100 ms. */
const EDITS = 2_000;
const TIMES = 12;

/**
 * Opens a made-up file a few times, in memory only. The first file of a process would otherwise take two to three times as
 * long as the others, and after a restart a whole class waits for it.
 */
export function warmUp(): void {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const text = doc.getText(TEXT_ROOT);
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  // Scattered over the text without a random number: every start compiles the same.
  for (let n = 0; n < EDITS; n++)
    if (n % 5 === 4) text.delete((n * 7_919) % text.length, 1);
    else text.insert((n * 7_919) % (text.length + 1), 'x');
  const owners = new Map([[1, 'nobody']]);
  const bytes = encodeDocState({ doc, owners });
  for (let n = 0; n < TIMES; n++) {
    const opened = decodeDocState(bytes).doc;
    Y.encodeStateAsUpdate(opened);
    opened.destroy();
  }
  const replayed = new Y.Doc();
  replayed.transact(() => {
    for (const update of updates) Y.applyUpdate(replayed, update);
  });
  replayed.destroy();
  doc.destroy();
}
