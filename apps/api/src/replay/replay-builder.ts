import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { decodeDocState, encodeDocState, packDocState, unpackDocState } from '@palimpsest/documents';
import { decodeFileEdited, FILE_EDITED, type FileId, readMetadata, streamOf } from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, StreamDeleted, StreamNotFound } from '@palimpsest/event-store';
import { decodeReplayKeyframe, EditSources, encodeReplayKeyframe, encodeReplayPage } from '@palimpsest/protocol';
import * as Y from 'yjs';
import { wayOf } from './edit-kind.js';
import { type BuildingBase, type BuiltPage, buildPages, fullPages, type LoggedEdit } from './page-building.js';
import type { PageEntry, ReplayAuthor, ReplayStore, StoredPage } from './replay-store.js';

/** Edits and bytes of updates that are built into pages at once: they bound the memory that building takes. */
const MOST_EDITS = 50_000;
const MOST_BYTES = 16_000_000;

const compress = promisify(gzip);
export const expand = promisify(gunzip);

/** The page that still grows. */
export interface GrowingPage extends PageEntry {
  /** Compressed (gzip). */
  readonly bytes: Uint8Array;
}

/** A history as it stood when it was built. */
export interface BuiltReplay {
  readonly epoch: string;
  /** Full pages, which are stored. */
  readonly pages: readonly PageEntry[];
  /** Undefined: the last full page is all. */
  readonly growing: GrowingPage | undefined;
}

interface Progress extends BuildingBase {
  readonly pages: PageEntry[];
  readonly authors: Map<string, { readonly index: number; readonly author: ReplayAuthor }>;
}

/** Called with a sentence for the operator's log. */
export type Report = (sentence: string) => void;

/**
 * Builds histories from the log, each edit once: full pages are stored and built upon. The log stays the truth: stored pages
 * are believed only if the stream holds, where they end, the very event that was the last in them, in the log of this epoch.
 * What is not believed, or cannot be read, is removed and built anew.
 */
export class ReplayBuilder {
  constructor(
    private readonly events: EventStore,
    private readonly store: ReplayStore,
    private readonly report: Report,
  ) {}

  /** The history up to the newest edit. That of a file in which nothing was written has no pages. */
  async build(file: FileId): Promise<BuiltReplay> {
    const stream = streamOf.file(file);
    const epoch = await this.events.identity();
    try {
      return await this.#build(stream, epoch, await this.#restore(stream, epoch));
    } catch (error) {
      // What was stored does not fit the events, though it seemed to.
      if (!(error instanceof RangeError)) throw error;
      await this.#forget(stream, error.message);
      return this.#build(stream, epoch, nothing());
    }
  }

  async #restore(stream: string, epoch: string): Promise<Progress> {
    const pages = await this.store.entries(stream, epoch);
    const end = await this.store.end(stream, epoch);
    const last = end && pages[end.page];
    if (!end || !last) return nothing();
    if ((await this.#eventIdAt(stream, last.revision)) !== last.eventId) {
      await this.#forget(stream, 'the stream holds another event there, or none');
      return nothing();
    }
    try {
      const keyframe = decodeReplayKeyframe(await expand(end.keyframe));
      const { doc } = decodeDocState(await unpackDocState(end.doc));
      const authors = new Map(last.authors.map((author, index) => [author.id, { index, author }]));
      return { doc, keyframe, authors, pages: pages.slice(0, end.page + 1), lastMs: last.summary.endMs };
    } catch (error) {
      await this.#forget(stream, error instanceof Error ? error.message : String(error));
      return nothing();
    }
  }

  async #forget(stream: string, why: string): Promise<void> {
    this.report(`The pages of the history of ${stream} are not used (${why}) and made anew.`);
    await this.store.remove(stream);
  }

  async #eventIdAt(stream: string, revision: bigint): Promise<string | undefined> {
    try {
      for await (const event of this.events.readStream(stream, { from: revision, limit: 1 }))
        return event.revision === revision ? event.id : undefined;
    } catch (error) {
      if (!(error instanceof StreamNotFound || error instanceof StreamDeleted)) throw error;
    }
    return undefined;
  }

  async #build(stream: string, epoch: string, from: Progress): Promise<BuiltReplay> {
    let progress = from;
    const waiting: LoggedEdit[] = [];
    let bytes = 0;
    try {
      for await (const edit of this.#editsAfter(stream, progress)) {
        waiting.push(edit);
        bytes += edit.update.length;
        if (waiting.length < MOST_EDITS && bytes < MOST_BYTES) continue;
        const full = fullPages(waiting).reduce((sum, size) => sum + size, 0);
        progress = (await this.#extend(stream, epoch, progress, waiting.splice(0, full))).progress;
        bytes = 0;
      }
      const { progress: done, growing } = await this.#extend(stream, epoch, progress, waiting);
      progress = done;
      return { epoch, pages: done.pages, growing };
    } finally {
      progress.doc.destroy();
    }
  }

  /** Stores the full pages of what comes next, and gives the one that is not full. */
  async #extend(
    stream: string,
    epoch: string,
    base: Progress,
    edits: readonly LoggedEdit[],
  ): Promise<{ progress: Progress; growing: GrowingPage | undefined }> {
    const sizes = fullPages(edits);
    const rest = edits.length - sizes.reduce((sum, size) => sum + size, 0);
    const authors = [...base.authors.values()].map(({ author }) => author);
    const stored: StoredPage[] = [];
    let doc: Uint8Array | undefined;
    let growing: GrowingPage | undefined;
    // Others that the log has by now are of later pages.
    let writers = base.pages.at(-1)?.authors.length ?? 0;
    let keyframe = base.keyframe;
    const take = async (built: BuiltPage) => {
      writers = Math.max(writers, ...built.page.edits.map(({ author }) => author + 1));
      const packed = await packPage(built, authors.slice(0, writers));
      if (stored.length === sizes.length) {
        growing = packed;
        return;
      }
      keyframe = built.keyframe;
      const page = base.pages.length + stored.length;
      stored.push({ ...packed, page, keyframe: await compress(encodeReplayKeyframe(keyframe)) });
    };
    const onFull = (whole: Y.Doc) => (doc = encodeDocState({ doc: whole, owners: nobodys(whole) }));
    await buildPages(base, edits, rest > 0 ? [...sizes, rest] : sizes, take, onFull);
    if (doc) await this.store.write(stream, epoch, stored, await packDocState(doc));
    const pages = [...base.pages, ...stored.map(({ bytes: _, keyframe: __, page: ___, ...entry }) => entry)];
    return { progress: { ...base, keyframe, pages, lastMs: pages.at(-1)?.summary.endMs }, growing };
  }

  async *#editsAfter(stream: string, { pages, authors }: Progress): AsyncGenerator<LoggedEdit> {
    const last = pages.at(-1);
    try {
      for await (const event of this.events.readStream(stream, { from: last?.revision ?? 0n }))
        yield* editsOf(event, authors, event.revision === last?.revision ? last.within : 0);
    } catch (error) {
      if (!(error instanceof StreamNotFound || error instanceof StreamDeleted)) throw error;
    }
  }
}

function nothing(): Progress {
  const keyframe = { edit: 0, text: '', edits: new Uint32Array(0), sources: new EditSources() };
  return { doc: new Y.Doc(), keyframe, pages: [], authors: new Map(), lastMs: undefined };
}

function* editsOf(event: RecordedEvent, authors: Progress['authors'], skip: number): Generator<LoggedEdit> {
  if (event.type !== FILE_EDITED) return;
  const { id, role } = readMetadata(event).actor;
  const known = authors.get(id) ?? { index: authors.size, author: { id, role } };
  authors.set(id, known);
  const { startedAt, edits } = decodeFileEdited(event.data);
  for (const [at, { ms, origin, update }] of edits.entries()) {
    if (at < skip) continue;
    const { revision, id: eventId } = event;
    yield {
      ms: startedAt + ms,
      author: known.index,
      way: wayOf(event, origin),
      update,
      revision,
      eventId,
      within: at + 1,
    };
  }
}

async function packPage({ page, summary, last }: BuiltPage, authors: readonly ReplayAuthor[]): Promise<GrowingPage> {
  const bytes = encodeReplayPage(page);
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const { revision, eventId, within } = last;
  const { first, edits } = page;
  return { first, edits: edits.length, revision, eventId, within, authors, summary, tag, bytes: await compress(bytes) };
}

/** Whose the client ids are does not matter here, but the form of a document asks for it. */
function nobodys(doc: Y.Doc): ReadonlyMap<number, string> {
  return new Map([...doc.store.clients.keys()].map((client) => [client, '']));
}
