import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments, RevisionMissing } from '@palimpsest/documents';
import { CONTENT_STORED, type ContentStored, type FileId, readEvent, streamOf, utf8Length } from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, StreamNotFound } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import type { Holding } from './quota-account.js';

/** What a file holds at a revision: a text, or what is known of its blob. */
export type RecordedContent =
  | { readonly kind: 'text'; readonly text: string; readonly revision: bigint | null }
  | {
      readonly kind: 'binary';
      readonly sha256: string;
      readonly size: number;
      readonly mediaType: string;
      readonly revision: bigint;
    };

/** Contents of files as their streams recorded them. */
@Injectable()
export class RecordedFiles {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly documents: RecordedDocuments,
    readonly blobs: PostgresBlobStore,
  ) {}

  /** Null: nothing has been written into it yet. */
  async revisionNow(file: FileId): Promise<bigint | null> {
    return (await this.store.streamInfo(streamOf.file(file))).revision ?? null;
  }

  /** The last revision that was there at that instant; null: none. Looks at one event for each halving of the stream. */
  async revisionAt(file: FileId, instant: Date): Promise<bigint | null> {
    const last = await this.revisionNow(file);
    if (last === null) return null;
    let known = -1n;
    let beyond = last + 1n;
    while (beyond - known > 1n) {
      const middle = (known + beyond) / 2n;
      const event = await this.eventAt(file, middle);
      if (event !== undefined && event.recordedAt > instant) beyond = middle;
      else known = middle;
    }
    return known < 0n ? null : known;
  }

  async eventAt(file: FileId, revision: bigint): Promise<RecordedEvent | undefined> {
    try {
      for await (const event of this.store.readStream(streamOf.file(file), { from: revision, limit: 1 }))
        return event.revision === revision ? event : undefined;
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return undefined;
  }

  /** Throws 404 for a revision that the file does not have. */
  async at(file: FileId, kind: 'text' | 'binary', revision: bigint | null): Promise<RecordedContent> {
    if (kind === 'binary') {
      const stored = revision === null ? undefined : await this.storedAt(file, revision);
      if (stored === undefined || revision === null) throw new NotFoundException('This file had no such content.');
      return { kind, ...stored, revision };
    }
    try {
      return { kind, text: await this.documents.textAt(file, revision), revision };
    } catch (error) {
      if (error instanceof RevisionMissing || error instanceof StreamNotFound)
        throw new NotFoundException('This file has no such revision.');
      throw error;
    }
  }

  /** What the file counts for as it is now. */
  async holding(file: FileId, kind: 'text' | 'binary'): Promise<Holding> {
    const revision = await this.revisionNow(file);
    if (revision === null) return { kind: 'text', bytes: 0 };
    const content = await this.at(file, kind, revision);
    return content.kind === 'binary'
      ? { kind: 'binary', sha256: content.sha256, bytes: content.size }
      : { kind: 'text', bytes: utf8Length(content.text) };
  }

  async storedAt(file: FileId, revision: bigint): Promise<ContentStored['data'] | undefined> {
    const event = await this.eventAt(file, revision);
    return event?.type === CONTENT_STORED ? (readEvent(event) as ContentStored).data : undefined;
  }
}
