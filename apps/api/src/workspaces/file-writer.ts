import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { mediaTypeOf, PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments, rewriteText } from '@palimpsest/documents';
import {
  CONTENT_STORED,
  decodeFileEdited,
  encodeEvent,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  MAX_TEXT_LENGTH,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import { type EventStore, type Expected, type NewEvent, WrongExpectedVersion } from '@palimpsest/event-store';
import * as Y from 'yjs';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { groupsOf } from '../write-back/edit-groups.js';
import { eventsAfter } from '../write-back/run-edit.js';
import { RecordedFiles } from './recorded-content.js';

/** Lost races before giving up: each one means that somebody typed. */
const MAX_ATTEMPTS = 100;

/** Writes whole contents into files, as the person of `context`. */
@Injectable()
export class FileWriter {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly documents: RecordedDocuments,
    private readonly blobs: PostgresBlobStore,
    private readonly files: RecordedFiles,
  ) {}

  /**
   * Makes the text of a file into `text` by the least change, as one more author who typed it: what others type at the same
   * time stays. A new file begins with it. Throws Rejected where the text would be longer than a file can be.
   */
  async writeText(file: FileId, text: string, context: CommandContext): Promise<void> {
    const stream = streamOf.file(file);
    const base = await this.files.revisionNow(file);
    const doc = await this.documents.at(file, base);
    try {
      // The same for all uploads of a person into a file: each client id is kept with it for ever.
      const client = createHash('sha256').update(`uploads of ${context.actor.id} in ${file}`).digest().readUInt32BE(0);
      const updates = rewriteText(doc, text, client || 1);
      if (doc.getText(TEXT_ROOT).length > MAX_TEXT_LENGTH) throw new Rejected(TOO_LONG);
      await this.#appendEdits(stream, base, client, updates, context);
    } catch (error) {
      if (!(error instanceof SameClient)) throw error;
      // Another upload of the same person into the same file came first: this one is upon it.
      return await this.writeText(file, text, context);
    } finally {
      doc.destroy();
    }
  }

  async #appendEdits(
    stream: string,
    base: bigint | null,
    client: number,
    updates: readonly Uint8Array[],
    context: CommandContext,
  ): Promise<void> {
    const metadata = toJsonBytes({ v: 1, ...context });
    let expected: Expected = base ?? 'noStream';
    for (const group of groupsOf(updates)) {
      const edits = group.map((update) => ({ ms: 0, origin: 'server' as const, update }));
      const data = encodeFileEdited({ startedAt: Date.now(), edits });
      const event = { id: randomUUID(), type: FILE_EDITED, contentType: 'binary' as const, data, metadata };
      expected = await this.#appendAfter(stream, event, expected, client);
    }
  }

  /** What others have written meanwhile merges with it, unless it is of the same client id. */
  async #appendAfter(stream: string, event: NewEvent, from: Expected, client: number): Promise<bigint> {
    let expected = from;
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.store.append(stream, [event], { expected })).revision;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
        const later = await eventsAfter(this.store, stream, typeof expected === 'bigint' ? expected : null);
        for (const { type, data } of later)
          if (type === FILE_EDITED)
            for (const { update } of decodeFileEdited(data).edits)
              if (Y.parseUpdateMeta(update).to.has(client)) throw new SameClient();
        expected = later.at(-1)?.revision ?? expected;
      }
    }
  }

  /** Keeps the bytes and makes them the content of the file from here on. Returns whether it had another one. */
  async writeBinary(file: FileId, bytes: Uint8Array, context: CommandContext): Promise<boolean> {
    const mediaType = mediaTypeOf(bytes);
    const sha256 = await this.blobs.put(bytes, mediaType);
    return this.storeContent(file, { sha256, size: bytes.byteLength, mediaType }, context);
  }

  /** The same with a blob that is there. */
  async storeContent(
    file: FileId,
    content: { readonly sha256: string; readonly size: number; readonly mediaType: string },
    context: CommandContext,
  ): Promise<boolean> {
    const { sha256, size, mediaType } = content;
    const stream = streamOf.file(file);
    const id = randomUUID();
    for (let attempt = 1; ; attempt++) {
      const revision = await this.files.revisionNow(file);
      const now = revision === null ? undefined : await this.files.storedAt(file, revision);
      if (now?.sha256 === sha256) return false;
      const event = { id, ...encodeEvent({ type: CONTENT_STORED, data: { sha256, size, mediaType } }, context) };
      try {
        await this.store.append(stream, [event], { expected: revision ?? 'noStream' });
        return true;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }
}

class SameClient extends Error {}

const TOO_LONG = {
  code: 'too-large',
  message: `A text has at most ${MAX_TEXT_LENGTH.toLocaleString('en')} characters: nothing was changed.`,
} as const;
