import { encodeFileEdited, FILE_EDITED, type FileId, streamOf, TEXT_ROOT, toJsonBytes } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import * as Y from 'yjs';
import { newId } from '../commands/command-identity.js';
import type { CommandContext } from '../commands/context.js';

/**
 * Writes the first text of a file as an event. A document's beginning is made once, here, and stored: a server that made
 * it anew at each load would give the same text other ids, and clients that still hold the old ones would double it.
 */
export async function writeFirstText(
  store: EventStore,
  file: FileId,
  text: string,
  context: CommandContext,
): Promise<void> {
  if (text === '') return;
  const doc = new Y.Doc();
  doc.getText(TEXT_ROOT).insert(0, text.replaceAll('\r\n', '\n'));
  const update = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  const data = encodeFileEdited({ startedAt: Date.now(), edits: [{ ms: 0, origin: 'server', update }] });
  const metadata = toJsonBytes({ v: 1, ...context });
  await store.append(
    streamOf.file(file),
    [{ id: newId(streamOf.file(file)), type: FILE_EDITED, contentType: 'binary', data, metadata }],
    { expected: 'noStream' },
  );
}
