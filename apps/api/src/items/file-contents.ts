import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { RecordedDocuments } from '@palimpsest/documents';
import {
  CONTENT_STORED,
  type ContentStored,
  type FileId,
  type FileKind,
  type HandedInFile,
  readEvent,
  streamOf,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';

type Content = Pick<HandedInFile, 'sha256' | 'size'>;

/** Hashes of what files hold at a revision, from the log. A binary file's is in its event; a text is built and hashed. */
@Injectable()
export class FileContents {
  constructor(
    private readonly documents: RecordedDocuments,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Revision of the file's stream now; null: it has none. */
  async revisionOf(file: FileId): Promise<bigint | null> {
    return (await this.store.streamInfo(streamOf.file(file))).revision ?? null;
  }

  async at(file: FileId, kind: FileKind, revision: bigint | null): Promise<Content> {
    if (kind === 'binary' && revision !== null) return this.#storedAt(file, revision);
    const text = kind === 'binary' ? '' : await this.documents.textAt(file, revision);
    const bytes = Buffer.from(text, 'utf8');
    return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  }

  async #storedAt(file: FileId, revision: bigint): Promise<Content> {
    for await (const recorded of this.store.readStream(streamOf.file(file), { from: revision, limit: 1 }))
      if (recorded.type === CONTENT_STORED) return (readEvent(recorded) as ContentStored).data;
    throw new Error(`file ${file} has no content at revision ${revision}`);
  }
}
