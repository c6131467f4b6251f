import { decodeFileEdited, FILE_EDITED, readMetadata, streamOf, TEXT_ROOT, type FileId } from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import type { HistoryEdit, TextSplice } from '@palimpsest/protocol';
import * as Y from 'yjs';

export interface TimelineAuthor {
  readonly id: string;
  readonly role: string;
}

export interface FileTimeline {
  /** In the order in which they first wrote; edits refer to them by index. */
  readonly authors: readonly TimelineAuthor[];
  readonly edits: readonly HistoryEdit[];
}

type Delta = Y.YTextEvent['delta'];

/** A Yjs delta as splices, each on the text that the ones before it have left. Positions in UTF-16 units. */
export function toSplices(delta: Delta): TextSplice[] {
  const splices: [number, number, string][] = [];
  let at = 0;
  let open: [number, number, string] | undefined;
  for (const part of delta) {
    if (part.retain !== undefined) {
      if (open) at += open[2].length;
      at += part.retain;
      open = undefined;
      continue;
    }
    if (!open) splices.push((open = [at, 0, '']));
    if (part.delete !== undefined) open[1] += part.delete;
    if (typeof part.insert === 'string') open[2] += part.insert;
  }
  return splices;
}

/**
 * What happened to a file, edit by edit, as changes of text: the file's stream folded in a Yjs document, from the
 * beginning. Throws nothing for a file without a stream: its timeline is empty.
 */
export async function readTimeline(store: EventStore, file: FileId): Promise<FileTimeline> {
  const doc = new Y.Doc();
  const authors = new Map<string, { index: number; author: TimelineAuthor }>();
  const edits: HistoryEdit[] = [];
  let splices: TextSplice[] = [];
  doc.getText(TEXT_ROOT).observe((event) => (splices = toSplices(event.delta)));
  try {
    for await (const recorded of store.readStream(streamOf.file(file))) {
      if (recorded.type !== FILE_EDITED) continue;
      const { id, role } = readMetadata(recorded).actor;
      const known = authors.get(id) ?? { index: authors.size, author: { id, role } };
      authors.set(id, known);
      const { startedAt, edits: updates } = decodeFileEdited(recorded.data);
      for (const { ms, update } of updates) {
        splices = [];
        Y.applyUpdate(doc, update);
        edits.push([startedAt + ms, known.index, Number(recorded.revision), splices]);
      }
    }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  } finally {
    doc.destroy();
  }
  return { authors: [...authors.values()].map(({ author }) => author), edits };
}
