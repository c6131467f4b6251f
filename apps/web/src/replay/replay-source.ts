import {
  decodeReplayKeyframe,
  decodeReplayPage,
  type EditSource,
  type FileHistoryDto,
  type ReplayEdit,
  type ReplayKeyframe,
  WrittenText,
} from '@palimpsest/protocol/wire';
import { Timeline } from './timeline.js';

/** A page of a history that is there: its edits, its texts, and who wrote them. */
export class LoadedPage {
  readonly number: number;
  /** Edits of the file before it. */
  readonly first: number;
  readonly edits: readonly ReplayEdit[];
  /** Time of the next page's first edit; undefined: this is the last. */
  readonly until: number | undefined;
  readonly timeline: Timeline;
  readonly #keyframe: ReplayKeyframe;
  #written: { readonly text: WrittenText; index: number } | undefined;

  constructor(number: number, first: number, edits: readonly ReplayEdit[], keyframe: ReplayKeyframe, until?: number) {
    this.number = number;
    this.first = first;
    this.edits = edits;
    this.until = until;
    this.#keyframe = keyframe;
    this.timeline = new Timeline({ first, edits, text: keyframe.text });
  }

  edit(index: number): ReplayEdit | undefined {
    // Not with a negative index, which an engine looks up as a name.
    return index > this.first ? this.edits[index - this.first - 1] : undefined;
  }

  /** For each unit of the text after `index` edits the number of the edit that wrote it. A step forth costs that edit alone. */
  writtenAt(index: number): Uint32Array {
    if (!this.#written || this.#written.index > index) {
      const { text, edits } = this.#keyframe;
      this.#written = { text: new WrittenText(text, edits), index: this.first };
    }
    const written = this.#written;
    while (written.index < index) {
      written.index += 1;
      written.text.apply(written.index, this.edit(written.index)?.splices ?? []);
    }
    return written.text.edits();
  }

  /** Who made that edit, when and how. */
  sourceOf(edit: number): EditSource | undefined {
    return this.edit(edit) ?? this.#keyframe.sources.get(edit);
  }
}

/** Number of the page that edit number `edit` is in; for 0 the first. */
export function pageOf({ pages }: Pick<FileHistoryDto, 'pages'>, edit: number): number {
  const found = pages.findIndex(({ first, edits }) => first + edits >= edit);
  return found < 0 ? Math.max(0, pages.length - 1) : found;
}

/** Number of the page of a time: the last that begins by then. */
export function pageAt({ pages }: Pick<FileHistoryDto, 'pages'>, ms: number): number {
  return Math.max(
    0,
    pages.findLastIndex(({ startMs }) => startMs <= ms),
  );
}

type Fetch = (path: string) => Promise<Uint8Array>;

/** The pages of one history, each fetched once, when it is wanted. */
export class ReplaySource {
  readonly #history: FileHistoryDto;
  readonly #fetch: Fetch;
  readonly #edits = new Map<number, Promise<readonly ReplayEdit[]>>();
  readonly #pages = new Map<number, Promise<LoadedPage>>();
  readonly #loaded = new Map<number, LoadedPage>();

  constructor(history: FileHistoryDto, fetchBytes: Fetch) {
    this.#history = history;
    this.#fetch = fetchBytes;
  }

  /** The page, if it is there already. */
  peek(number: number): LoadedPage | undefined {
    return this.#loaded.get(number);
  }

  /** Rejects where it cannot be fetched; asking again tries again. */
  page(number: number): Promise<LoadedPage> {
    const known = this.#pages.get(number) ?? this.#load(number);
    this.#pages.set(number, known);
    known.catch(() => this.#pages.delete(number));
    return known;
  }

  /** The edits of the page alone; likewise. */
  edits(number: number): Promise<readonly ReplayEdit[]> {
    const known = this.#edits.get(number) ?? this.#loadEdits(number);
    this.#edits.set(number, known);
    known.catch(() => this.#edits.delete(number));
    return known;
  }

  async #loadEdits(number: number): Promise<readonly ReplayEdit[]> {
    const { pages, file } = this.#history;
    const page = pages[number];
    if (!page) return [];
    const bytes = await this.#fetch(`/api/files/${file}/history/pages/${number}${tagged(page.tag)}`);
    // A page that grew since the overview has more than was announced: what is shown stands still.
    return decodeReplayPage(bytes).edits.slice(0, page.edits);
  }

  async #load(number: number): Promise<LoadedPage> {
    const { pages, file } = this.#history;
    const base = `/api/files/${file}/history`;
    const [keyframe, edits] = await Promise.all([
      this.#fetch(`${base}/keyframes/${number}${tagged(pages[number - 1]?.tag)}`).then(decodeReplayKeyframe),
      this.edits(number),
    ]);
    const first = pages[number]?.first ?? 0;
    const page = new LoadedPage(number, first, edits, keyframe, pages[number + 1]?.startMs);
    this.#loaded.set(number, page);
    return page;
  }
}

function tagged(tag: string | undefined): string {
  return tag === undefined ? '' : `?tag=${tag}`;
}
