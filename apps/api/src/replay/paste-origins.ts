import { Injectable, NotFoundException } from '@nestjs/common';
import { asId, type FileId } from '@palimpsest/domain';
import { type CourseTextRow, DirectoryQueries } from '@palimpsest/projections';
import type { PasteOriginDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import type { Principal } from '../auth/principal.js';
import { Problem } from '../platform/problem.js';
import { namesOf } from '../workspaces/names-of.js';
import { CourseTexts } from './course-texts.js';
import { HistoryAccess, type HistoryOf } from './history-access.js';
import { inOneLine } from './one-line.js';
import { type FileThen, type OpenReplay, pageOf, ReplayFiles } from './replay-files.js';
import type { ReplayAuthor } from './replay-store.js';

/** Characters, in one line, that a text has to have to be looked for: shorter ones are everywhere. */
export const LEAST_UNITS = 16;
/** Pages before the paste at whose beginnings the file itself is searched for what was in it once. */
const PAGES_BACK = 8;
/** Texts that have it now of which it is looked up whether they had it before the paste. */
const MOST_LOOKED_UP = 20;

type Origin = PasteOriginDto['origin'];
/** The nearest first: what somebody wrote and everybody else has as well is their own. */
const BY_NEARNESS: readonly Origin[] = ['own', 'material', 'teammate', 'other-student', 'outside'];

interface Source {
  readonly origin: Origin;
  readonly author: string | null;
  readonly row: Pick<CourseTextRow, 'id' | 'path' | 'workspace' | 'owner' | 'kind'> | null;
}

const OUTSIDE: Source = { origin: 'outside', author: null, row: null };

/**
 * Where a pasted text was before. Texts are compared in one line, without their indentation. What is found: the text as a
 * whole, in this file before the paste, or in a text of the course that has it still and had it before the paste. Not found:
 * what was changed while it was pasted, what others have deleted since, and what is in more texts than are searched.
 */
@Injectable()
export class PasteOrigins {
  constructor(
    private readonly files: ReplayFiles,
    private readonly texts: CourseTexts,
    private readonly access: HistoryAccess,
    private readonly directory: DirectoryQueries,
  ) {}

  /** Throws 404 for an edit that there is not, 422 for one whose text is too short to be looked for. */
  async find(person: Principal, of: HistoryOf, edit: number, request: Request): Promise<PasteOriginDto> {
    const open = await this.files.open(of.id);
    const { splices, ms, author } = await this.files.edit(open, edit);
    const pasted = splices.map(([, , insert]) => insert).join('');
    const wanted = inOneLine(pasted).text;
    if (wanted.length < LEAST_UNITS)
      throw new Problem(422, 'too-short', `Edit ${edit} wrote too little to say where it comes from.`);
    const paster = open.authors[author]?.id ?? '';
    const own = await this.#inFile(open, edit, wanted, paster, of);
    const { rows, searched, isWhole } = await this.texts.find(wanted, of.workspace.course, of.workspace.id, paster);
    const others = own ? [] : await this.#inOthers(rows, of, wanted, paster, ms);
    const source = own ?? nearest(others) ?? OUTSIDE;
    const told = await this.#told(person, of, source, request);
    return { edit, origin: source.origin, text: firstLine(pasted), ...told, searched, isWhole };
  }

  /** In the file itself: just before the paste, or at the beginning of one of the pages before. */
  async #inFile(
    open: OpenReplay,
    edit: number,
    wanted: string,
    paster: string,
    of: HistoryOf,
  ): Promise<Source | undefined> {
    const page = pageOf(open, edit);
    const moments = [edit - 1];
    for (let back = page; back > Math.max(0, page - PAGES_BACK); back--) moments.push(open.pages[back]?.first ?? 0);
    for (const moment of moments) {
      const writer = writerOf(await this.files.at(open, moment), open.authors, wanted);
      if (writer)
        return sourceBy(writer, paster, { ...of.file, owner: of.workspace.owner, kind: of.workspace.kind }, of);
    }
    return undefined;
  }

  async #inOthers(
    rows: readonly CourseTextRow[],
    of: HistoryOf,
    wanted: string,
    paster: string,
    ms: number,
  ): Promise<Source[]> {
    const sources: Source[] = [];
    for (const row of rows.filter(({ id }) => id !== of.id).slice(0, MOST_LOOKED_UP)) {
      const open = await this.files.open(asId<FileId>(row.id));
      const before = await this.files.at(open, await this.files.editsBy(open, { ms: ms - 1 }));
      const writer = writerOf(before, open.authors, wanted);
      if (writer) sources.push(sourceBy(writer, paster, row, of));
      if (sources.at(-1)?.origin === 'own') break;
    }
    return sources;
  }

  /** Of the work of somebody else only those learn who teach or oversee, and that they did is recorded before. */
  async #told(
    person: Principal,
    of: HistoryOf,
    { origin, author, row }: Source,
    request: Request,
  ): Promise<Pick<PasteOriginDto, 'name' | 'file' | 'path'>> {
    const isStaff = person.role === 'admin' || (of.courseRole !== undefined && of.courseRole !== 'student');
    if (row === null || (origin === 'other-student' && !isStaff)) return { name: null, file: null, path: null };
    const isHere = row.workspace === of.workspace.id || row.owner === person.userId;
    if (!isHere && !isStaff) return { name: null, file: null, path: row.kind === 'material' ? row.path : null };
    if (!isHere) await this.#noteLook(person, row, of, request);
    const nameOf = await namesOf(this.directory, author === null ? [] : [author]);
    return { name: author === null ? null : nameOf(author), file: row.id, path: row.path };
  }

  async #noteLook(person: Principal, row: NonNullable<Source['row']>, of: HistoryOf, request: Request): Promise<void> {
    const file = await this.directory.file(row.id);
    if (!file) throw new NotFoundException('The text that it comes from is not there any more: ask again.');
    const workspace = { ...of.workspace, id: row.workspace, owner: row.owner };
    await this.access.noteLook(person, { file, workspace }, request);
  }
}

/** Who wrote most of `wanted` in the text; undefined: it is not in it. */
function writerOf(then: FileThen, authors: readonly ReplayAuthor[], wanted: string): ReplayAuthor | undefined {
  const { text, places } = inOneLine(then.text.toString());
  const at = text.indexOf(wanted);
  if (at < 0) return undefined;
  const counts = new Map<number, number>();
  const edits = then.text.edits();
  for (const place of places.slice(at, at + wanted.length)) {
    const { author } = then.sources.of(edits[place] ?? 0);
    counts.set(author, (counts.get(author) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && authors[most[0]];
}

function sourceBy(writer: ReplayAuthor, paster: string, row: NonNullable<Source['row']>, of: HistoryOf): Source {
  const isGiven = row.kind === 'material' || writer.role !== 'student';
  const isHere = row.workspace === of.workspace.id;
  const origin = writer.id === paster ? 'own' : isGiven ? 'material' : isHere ? 'teammate' : 'other-student';
  return { origin, author: writer.id, row };
}

function nearest(sources: readonly Source[]): Source | undefined {
  return [...sources].sort((a, b) => BY_NEARNESS.indexOf(a.origin) - BY_NEARNESS.indexOf(b.origin))[0];
}

/** Characters of the pasted text that are told. */
const TOLD_UNITS = 120;

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim().slice(0, TOLD_UNITS);
}
