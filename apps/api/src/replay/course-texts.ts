import { Inject, Injectable } from '@nestjs/common';
import { RecordedDocuments } from '@palimpsest/documents';
import { asId, type FileId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { type CourseTextRow, DirectoryQueries } from '@palimpsest/projections';
import { EVENT_STORE } from '../platform/tokens.js';
import { ByteCache } from './byte-cache.js';
import { inOneLine } from './one-line.js';

/** Texts of a course that are searched at most, and characters of all together. */
const MOST_TEXTS = 400;
const MOST_UNITS = 8_000_000;
/** Texts that are read at the same time. */
const AT_ONCE = 8;
/** Memory for texts by their revision, bytes. */
const CACHE_BYTES = 32 * 1024 * 1024;

export interface Found {
  /** Texts that have it now. */
  readonly rows: readonly CourseTextRow[];
  readonly searched: number;
  /** Whether these were all texts of the course. */
  readonly isWhole: boolean;
}

/** Looks for a text among the texts of a course as they are now, deleted files included. */
@Injectable()
export class CourseTexts {
  readonly #texts = new ByteCache<string>(CACHE_BYTES);

  constructor(
    private readonly directory: DirectoryQueries,
    private readonly documents: RecordedDocuments,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** `wanted` in one line. Files of the workspace and of the person come first, where not all can be searched. */
  async find(wanted: string, course: string, workspace: string, person: string): Promise<Found> {
    const rows = await this.directory.textsOfCourse(course, workspace, person, MOST_TEXTS + 1);
    const some = rows.slice(0, MOST_TEXTS);
    const found: CourseTextRow[] = [];
    let units = 0;
    let searched = 0;
    while (searched < some.length && units < MOST_UNITS) {
      const turn = some.slice(searched, searched + AT_ONCE);
      const texts = await Promise.all(turn.map(({ id }) => this.#text(asId<FileId>(id))));
      for (const [n, text] of texts.entries()) {
        units += text.length;
        const row = turn[n];
        if (row && text.includes(wanted)) found.push(row);
      }
      searched += turn.length;
    }
    return { rows: found, searched, isWhole: searched === rows.length };
  }

  /** As it is now: a newer revision is another entry, so nothing old is ever taken for new. */
  async #text(file: FileId): Promise<string> {
    const { revision } = await this.store.streamInfo(streamOf.file(file));
    if (revision === undefined) return '';
    const key = `${file} ${revision}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const { text } = inOneLine(await this.documents.textAt(file, revision));
    this.#texts.set(key, text, 2 * text.length);
    return text;
  }
}
