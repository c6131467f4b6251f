import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, NotFoundException } from '@nestjs/common';
import { type FileId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import {
  decodeReplayKeyframe,
  decodeReplayPage,
  EditSources,
  encodeReplayKeyframe,
  REPLAY_FORMAT,
  type ReplayEdit,
  type ReplayKeyframe,
  type ReplayPage,
  WrittenText,
} from '@palimpsest/protocol';
import { gzipSync } from 'node:zlib';
import { EVENT_STORE } from '../platform/tokens.js';
import { ByteCache } from './byte-cache.js';
import { expand, ReplayBuilder } from './replay-builder.js';
import { type PageEntry, type ReplayAuthor, ReplayStore } from './replay-store.js';
import { SourcesThen } from './sources-then.js';

/** Memory for pages and keyframes that were used lately, bytes: some hundred of usual size. */
const CACHE_BYTES = 64 * 1024 * 1024;
/** Bytes of memory of an edit in a page beside its text, and of one that is a source in a keyframe. */
const BYTES_OF_EDIT = 200;
const BYTES_OF_SOURCE = 32;
/** Bytes of memory of a character of a keyframe, with the number of its edit. */
const BYTES_OF_UNIT = 6;
/** Bytes of memory for what is known of a page. */
const BYTES_OF_ENTRY = 6_000;
/** Events by which a stream must have grown before pages are made ahead: fewer edits are in them than make a page. */
const AHEAD_EVENTS = 500;

/** A history as it stood at the newest edit that is in it. */
export interface OpenReplay {
  readonly file: FileId;
  readonly epoch: string;
  /** Of the stream's last event. */
  readonly revision: bigint | undefined;
  readonly edits: number;
  readonly authors: readonly ReplayAuthor[];
  /** The last one may still grow: then `growing` has its bytes, compressed. */
  readonly pages: readonly PageEntry[];
  readonly growing: Uint8Array | undefined;
}

/** A file's text after a number of its edits. */
export interface FileThen {
  /** Edits that are in it. */
  readonly edit: number;
  readonly text: WrittenText;
  /** The last of them. */
  readonly last: ReplayEdit | undefined;
  /** Who made the edits that wrote it. */
  readonly sources: SourcesThen;
}

/** Which edits took out the units of a text. */
export interface Removals {
  /** For each unit the number of the edit; 0: none did. */
  readonly edits: Uint32Array;
  readonly sources: SourcesThen;
}

export type Wanted = { readonly edit: number } | { readonly revision: number } | { readonly ms: number };

/**
 * Histories of files, opened and read. What was opened is kept and good as long as the stream has no newer event; pages and
 * keyframes are kept by what they hold. All together take no more than CACHE_BYTES each.
 */
@Injectable()
export class ReplayFiles implements BeforeApplicationShutdown {
  readonly #builder: ReplayBuilder;
  readonly #log = new Logger(ReplayFiles.name);
  readonly #open = new ByteCache<OpenReplay>(CACHE_BYTES);
  readonly #pages = new ByteCache<ReplayPage>(CACHE_BYTES);
  readonly #keyframes = new ByteCache<ReplayKeyframe>(CACHE_BYTES);
  readonly #building = new Map<string, Promise<OpenReplay>>();
  #ahead: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly store: ReplayStore,
  ) {
    this.#builder = new ReplayBuilder(events, store, (sentence) => this.#log.warn(sentence));
  }

  /** Up to the newest edit. That of a file without edits is empty. */
  async open(file: FileId): Promise<OpenReplay> {
    const [epoch, { revision }] = await Promise.all([
      this.events.identity(),
      this.events.streamInfo(streamOf.file(file)),
    ]);
    const known = this.#open.get(file);
    if (known && known.epoch === epoch && known.revision === revision) return known;
    // With the revision: nobody who has just written may be given what was begun before.
    const key = `${file} ${revision}`;
    const building = this.#building.get(key) ?? this.#build(file, revision);
    this.#building.set(key, building);
    return building.finally(() => this.#building.delete(key));
  }

  /** The same, where what is known of it already will do: edits do not change once they are made. */
  async covering(file: FileId, isEnough: (open: OpenReplay) => boolean): Promise<OpenReplay> {
    const known = this.#open.get(file);
    if (known && isEnough(known) && known.epoch === (await this.events.identity())) return known;
    return this.open(file);
  }

  /** Makes pages in the background if there is enough for one. Never throws; one file after the other. */
  makeAhead(file: FileId): void {
    this.#ahead = this.#ahead
      .then(() => this.#makeAhead(file))
      .catch((error: unknown) => {
        if (this.#isClosing) return;
        this.#log.warn(
          `No pages were made of the history of ${file} (${String(error)}): they will be when it is opened.`,
        );
      });
  }

  /** What is not made by now is made when somebody asks. */
  beforeApplicationShutdown(): void {
    this.#isClosing = true;
  }

  /** Resolves when what was to be made in the background is made. */
  async settled(): Promise<void> {
    await this.#ahead;
  }

  /** Page `number` (from 0), compressed. Throws 404 for one that there is not. */
  async pageBytes(open: OpenReplay, number: number): Promise<Uint8Array> {
    if (number >= open.pages.length) throw new NotFoundException('This history has no such page.');
    if (open.growing && number === open.pages.length - 1) return open.growing;
    return this.#stored(open, number, 'bytes');
  }

  /** The text at the beginning of page `number`, compressed. */
  async keyframeBytes(open: OpenReplay, number: number): Promise<Uint8Array> {
    if (number > 0 && number >= open.pages.length) throw new NotFoundException('This history has no such page.');
    return number === 0 ? EMPTY : this.#stored(open, number - 1, 'keyframe');
  }

  async page(open: OpenReplay, number: number): Promise<ReplayPage> {
    const key = `${open.file} ${number} ${open.pages[number]?.tag}`;
    const known = this.#pages.get(key);
    if (known) return known;
    const bytes = await expand(await this.pageBytes(open, number));
    const page = decodeReplayPage(bytes);
    this.#pages.set(key, page, 2 * bytes.length + page.edits.length * BYTES_OF_EDIT);
    return page;
  }

  async keyframe(open: OpenReplay, number: number): Promise<ReplayKeyframe> {
    const key = `${open.file} ${number} ${open.pages[number - 1]?.tag}`;
    const known = this.#keyframes.get(key);
    if (known) return known;
    const bytes = await expand(await this.keyframeBytes(open, number));
    const keyframe = decodeReplayKeyframe(bytes);
    const { text, sources } = keyframe;
    this.#keyframes.set(key, keyframe, text.length * BYTES_OF_UNIT + sources.length * BYTES_OF_SOURCE);
    return keyframe;
  }

  /** The text after `edit` edits, from the keyframe before it and the edits since. Throws 404 for more than there are. */
  async at(open: OpenReplay, edit: number): Promise<FileThen> {
    if (edit > open.edits) throw new NotFoundException(`This file has ${open.edits} edits, not ${edit}.`);
    const number = pageOf(open, edit);
    const [keyframe, page] = await Promise.all([
      this.keyframe(open, number),
      open.pages.length === 0 ? { first: 0, edits: [] } : this.page(open, number),
    ]);
    const text = new WrittenText(keyframe.text, keyframe.edits);
    const made = page.edits.slice(0, edit - page.first);
    for (const [n, { splices }] of made.entries()) text.apply(page.first + n + 1, splices);
    return { edit, text, last: made.at(-1), sources: new SourcesThen(keyframe.sources, page) };
  }

  /** Which edits up to edit `to` took out the units of an earlier text; of a later one none did. */
  async removals(open: OpenReplay, { edit: from, text }: FileThen, to: number): Promise<Removals> {
    const edits = new Uint32Array(text.length);
    const sources = new EditSources();
    // The same text, of which each unit knows its place in it, from 1; what is put in is of place 0.
    const places = new WrittenText(
      text.toString(),
      edits.map((_, place) => place + 1),
    );
    const last = edits.length === 0 || from >= to ? -1 : pageOf(open, to);
    for (let number = pageOf(open, from + 1); number <= last; number++) {
      const page = await this.page(open, number);
      for (const [n, edit] of page.edits.entries()) {
        const itsNumber = page.first + n + 1;
        if (itsNumber <= from || itsNumber > to) continue;
        let took = false;
        places.apply(0, edit.splices, (removed) => {
          for (const place of removed) {
            if (place === 0) continue;
            edits[place - 1] = itsNumber;
            took = true;
          }
        });
        if (took) sources.add(itsNumber, edit);
      }
      // Of a long history others are answered in between.
      await turn();
    }
    return { edits, sources: new SourcesThen(sources) };
  }

  /** How many edits were made by then. */
  async editsBy(open: OpenReplay, wanted: Wanted): Promise<number> {
    if ('edit' in wanted) return wanted.edit;
    const isLater = (edit: ReplayEdit) => ('ms' in wanted ? edit.ms > wanted.ms : edit.revision > wanted.revision);
    const mayHaveLater = ({ revision, summary }: PageEntry) =>
      'ms' in wanted ? summary.latestMs > wanted.ms : revision > BigInt(wanted.revision);
    const number = open.pages.findIndex(mayHaveLater);
    if (number < 0) return open.edits;
    const { first, edits } = await this.page(open, number);
    return first + edits.findIndex(isLater);
  }

  /** The one edit of this number, from 1. */
  async edit(open: OpenReplay, number: number): Promise<ReplayEdit> {
    const { first, edits } = await this.page(open, pageOf(open, number));
    const edit = edits[number - first - 1];
    if (!edit) throw new NotFoundException(`This file has ${open.edits} edits, none of them is number ${number}.`);
    return edit;
  }

  async #build(file: FileId, revision: bigint | undefined): Promise<OpenReplay> {
    const { epoch, pages, growing } = await this.#builder.build(file);
    const { bytes, ...entry } = growing ?? { bytes: undefined };
    const all = growing ? [...pages, entry as PageEntry] : pages;
    const last = all.at(-1);
    const edits = last ? last.first + last.edits : 0;
    const open = { file, epoch, revision, edits, authors: last?.authors ?? [], pages: all, growing: bytes };
    this.#open.set(file, open, all.length * BYTES_OF_ENTRY + (bytes?.length ?? 0));
    return open;
  }

  async #stored(open: OpenReplay, page: number, of: 'bytes' | 'keyframe'): Promise<Uint8Array> {
    const bytes = await this.store.bytes(streamOf.file(open.file), open.epoch, page, of);
    if (bytes) return bytes;
    // Somebody has emptied the store: it is made anew.
    this.#open.delete(open.file);
    await this.open(open.file);
    const again = await this.store.bytes(streamOf.file(open.file), open.epoch, page, of);
    if (!again) throw new NotFoundException('This page of the history is not there any more: open it again.');
    return again;
  }

  async #makeAhead(file: FileId): Promise<void> {
    if (this.#isClosing) return;
    const stream = streamOf.file(file);
    const [epoch, { revision }] = await Promise.all([this.events.identity(), this.events.streamInfo(stream)]);
    const built = await this.store.builtTo(stream, epoch);
    if (revision !== undefined && revision - built >= AHEAD_EVENTS) await this.#builder.build(file);
  }
}

const EMPTY = gzipSync(
  encodeReplayKeyframe({ edit: 0, text: '', edits: new Uint32Array(0), sources: new EditSources() }),
);

/** The page that edit number `edit` is in; for 0 the first. */
export function pageOf({ pages }: Pick<OpenReplay, 'pages'>, edit: number): number {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const page = pages[middle];
    if (page && page.first + page.edits >= edit) high = middle;
    else low = middle + 1;
  }
  return Math.max(low, 0);
}

/** Another one for another state of a file: it depends on the log and the number of edits alone. */
export function tagOf({ file, epoch }: Pick<OpenReplay, 'file' | 'epoch'>, what: string): string {
  return createHash('sha256').update(`${file} ${epoch} ${REPLAY_FORMAT} ${what}`).digest('hex').slice(0, 32);
}
