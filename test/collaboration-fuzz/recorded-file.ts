import { decodeFileEdited, FILE_EDITED, readMetadata, TEXT_ROOT } from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, StreamNotFound } from '@palimpsest/event-store';
import * as Y from 'yjs';
import type { Debt } from './witness.js';

/** A file as its stream tells it: every FileEdited applied to a fresh document, and what is wrong with any of them. */
export class RecordedFile {
  readonly doc = new Y.Doc();
  readonly problems: string[] = [];
  readonly #owners = new Map<number, string>();
  /** When the last append was recorded, and what was deleted before it. */
  #appendedAt = -1;
  #deletedBefore = Y.createDeleteSet();

  static async read(store: EventStore, stream: string): Promise<RecordedFile> {
    const file = new RecordedFile();
    try {
      for await (const event of store.readStream(stream)) file.#apply(event);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return file;
  }

  get text(): string {
    return this.doc.getText(TEXT_ROOT).toString();
  }

  get clocks(): ReadonlyMap<number, number> {
    const { store } = this.doc;
    return new Map([...store.clients.keys()].map((client) => [client, Y.getState(store, client)]));
  }

  /** What of `debt` is not in the log, as sentences. */
  missing({ clocks, deletions }: Debt): string[] {
    const missing: string[] = [];
    for (const [client, clock] of clocks) {
      const recorded = Y.getState(this.doc.store, client);
      if (recorded < clock) missing.push(`of client ${client} the edits ${recorded} to ${clock} are not in the log`);
    }
    const deleted = Y.createDeleteSetFromStructStore(this.doc.store);
    for (const key of deletions) {
      const [client = 0, clock = 0] = key.split(':').map(Number);
      if (!Y.isDeleted(deleted, Y.createID(client, clock))) missing.push(`the deletion of ${key} is not in the log`);
    }
    return missing;
  }

  #apply(event: RecordedEvent): void {
    if (event.type !== FILE_EDITED) return;
    const author = readMetadata(event).actor.id;
    this.#beginAppend(event);
    for (const { update } of decodeFileEdited(event.data).edits) {
      this.#checkAuthor(update, author, event);
      this.#checkNews(update, event);
      Y.applyUpdate(this.doc, update);
      if (this.doc.store.pendingStructs) this.problems.push(`revision ${event.revision} has an update with a gap`);
    }
  }

  /** [HF3] Only what is new counts: a sync step 2 may hold what others wrote and the log has. */
  #checkAuthor(update: Uint8Array, author: string, { revision }: RecordedEvent): void {
    for (const [client, end] of Y.parseUpdateMeta(update).to) {
      if (end <= Y.getState(this.doc.store, client)) continue;
      const owner = this.#owners.get(client) ?? author;
      this.#owners.set(client, owner);
      if (owner !== author)
        this.problems.push(`revision ${revision} writes under client id ${client} of another person`);
    }
  }

  #beginAppend({ recordedAt }: RecordedEvent): void {
    if (recordedAt.getTime() === this.#appendedAt) return;
    this.#appendedAt = recordedAt.getTime();
    this.#deletedBefore = Y.createDeleteSetFromStructStore(this.doc.store);
  }

  /**
   * [ED4] An update without anything new was recorded twice. Of deletions the room knows what was there before its append: the
   * same deletion twice in one append, by two people or by one who came back, is recorded twice and does nothing.
   */
  #checkNews(update: Uint8Array, { revision }: RecordedEvent): void {
    const { structs, ds } = Y.decodeUpdate(update);
    const hasText = structs.some(({ id, length }) => id.clock + length > Y.getState(this.doc.store, id.client));
    const isNew = (client: number, clock: number) => !Y.isDeleted(this.#deletedBefore, Y.createID(client, clock));
    const deletes = [...ds.clients].some(([client, ranges]) =>
      ranges.some(({ clock, len }) => Array.from({ length: len }, (_, n) => clock + n).some((at) => isNew(client, at))),
    );
    if (!hasText && !deletes) this.problems.push(`revision ${revision} has an update that was recorded before`);
  }
}
