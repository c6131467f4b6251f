import { decodeFileEdited, FILE_EDITED, type FileId, streamOf, TEXT_ROOT } from '@palimpsest/domain';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import * as Y from 'yjs';
import type { DocSnapshots } from './doc-snapshots.js';

/** Events that are applied in one transaction of Yjs, which takes half the time of one for each. */
const EVENTS_IN_TURN = 500;

/** The stream does not reach to the revision that was asked for: another log, or one that was cut. */
export class RevisionMissing extends Error {
  readonly code = 'revision-missing';
  constructor(stream: string, revision: bigint) {
    super(`${stream} has no event ${revision}: the log is not the one in which it was recorded.`);
    this.name = 'RevisionMissing';
  }
}

/**
 * Documents of files as they were after an exact revision of their streams: later edits are as if they had not been made.
 * The newest snapshot that is not later saves most of the reading, so a long history costs little; without one the whole
 * stream is folded, to the same result.
 */
export class RecordedDocuments {
  readonly #store: EventStore;
  readonly #snapshots: DocSnapshots | undefined;

  constructor(store: EventStore, snapshots?: DocSnapshots) {
    this.#store = store;
    this.#snapshots = snapshots;
  }

  /** A new document, the caller's to change and to destroy. Null: before the first event. Throws RevisionMissing. */
  async at(file: FileId, revision: bigint | null): Promise<Y.Doc> {
    if (revision === null) return new Y.Doc();
    const stream = streamOf.file(file);
    const restored = await this.#snapshots?.restore(stream, revision);
    const doc = restored?.doc ?? new Y.Doc();
    try {
      const reached = await this.#applyUpTo(stream, doc, restored?.revision ?? -1n, revision);
      if (reached !== revision) throw new RevisionMissing(stream, revision);
      return doc;
    } catch (error) {
      doc.destroy();
      throw error;
    }
  }

  /** The text alone. Throws RevisionMissing. */
  async textAt(file: FileId, revision: bigint | null): Promise<string> {
    const doc = await this.at(file, revision);
    try {
      return doc.getText(TEXT_ROOT).toString();
    } finally {
      doc.destroy();
    }
  }

  /** Returns the revision that was reached. */
  async #applyUpTo(stream: string, doc: Y.Doc, from: bigint, last: bigint): Promise<bigint> {
    let reached = from;
    const batch: RecordedEvent[] = [];
    if (from < last)
      for await (const event of this.#store.readStream(stream, { from: from + 1n })) {
        if (event.revision > last) break;
        reached = event.revision;
        if (batch.push(event) === EVENTS_IN_TURN) applyAll(doc, batch.splice(0));
        if (reached === last) break;
      }
    applyAll(doc, batch);
    return reached;
  }
}

function applyAll(doc: Y.Doc, events: readonly RecordedEvent[]): void {
  doc.transact(() => {
    for (const event of events)
      if (event.type === FILE_EDITED)
        for (const { update } of decodeFileEdited(event.data).edits) Y.applyUpdate(doc, update);
  });
}
