import type { CourseRole } from '@palimpsest/domain';
import { ROSTER_FIELDS, ROSTER_MOST_CHARACTERS, type RosterField } from '@palimpsest/protocol';
import { CsvError, parse } from 'csv-parse/sync';
import { Problem } from '../platform/problem.js';
import { guessColumns } from './roster-columns.js';

export type Delimiter = ',' | ';' | '\t';
const DELIMITERS: readonly Delimiter[] = [',', ';', '\t'];

/** Most rows of a roster. */
export const MOST_ROWS = 5_000;

/** Most columns of a roster. */
export const MOST_COLUMNS = 200;

/** One row as the file says it, cleaned but not compared with anything. */
export interface RosterLine {
  /** From 1, the line of column names; of a row with line breaks in it the first. */
  readonly line: number;
  readonly username: string;
  /** Undefined: the file has no column for it, or nothing in it. */
  readonly displayName: string | undefined;
  readonly email: string | undefined;
  readonly role: CourseRole | undefined;
  /** What is wrong with the row, for a person; undefined: nothing as far as the file alone can say. */
  readonly problem: string | undefined;
}

export interface RosterFile {
  readonly headers: readonly string[];
  readonly columns: Readonly<Record<RosterField, string | null>>;
  readonly delimiter: Delimiter;
  readonly lines: readonly RosterLine[];
}

export interface ReadingOptions {
  readonly columns?: Partial<Record<RosterField, string | null>> | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** The text of a file's bytes. Throws Problem if they are not UTF-8. */
export function rosterText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  try {
    if (!isUtf16) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // said below
  }
  throw unreadable('The file is not UTF-8: save it as "CSV UTF-8" and try again.');
}

/**
 * The rows of a roster: CSV (RFC 4180) with a line of column names; commas, semicolons or tabs; with or without a byte order
 * mark. Throws Problem where the file as a whole cannot be read; what is wrong with one row stands in that row.
 */
export function readRoster(text: string, options: ReadingOptions = {}): RosterFile {
  if (text.length > ROSTER_MOST_CHARACTERS)
    throw unreadable(`The file is too long: at most ${ROSTER_MOST_CHARACTERS} characters.`);
  const delimiter = options.delimiter ?? likelyDelimiter(text);
  const [head, ...records] = parsed(text, delimiter);
  if (!head) throw unreadable('The file is empty: its first line has to name the columns.');
  if (records.length > MOST_ROWS) throw unreadable(`The file has ${records.length} rows: at most ${MOST_ROWS}.`);
  if (head.record.length > MOST_COLUMNS)
    throw unreadable(`The file has ${head.record.length} columns: at most ${MOST_COLUMNS}.`);
  const headers = namesOf(head.record);
  const columns = chosenColumns(headers, options.columns ?? {});
  const at = (field: RosterField) => (columns[field] === null ? -1 : headers.indexOf(columns[field]));
  const places = Object.fromEntries(ROSTER_FIELDS.map((field) => [field, at(field)])) as Record<RosterField, number>;
  return { headers, columns, delimiter, lines: records.map((record) => lineOf(record, places, headers.length)) };
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly line: number;
}

function parsed(text: string, delimiter: Delimiter): CsvRecord[] {
  try {
    const rows = parse(text, {
      ...{ bom: true, delimiter, info: true, skip_empty_lines: true, relax_column_count: true, trim: true },
    }) as unknown as { readonly record: string[]; readonly info: { readonly lines: number } }[];
    return rows
      .map(({ record, info }) => ({ record, line: info.lines - breaksIn(record) }))
      .filter(({ record }) => record.some((cell) => cell !== ''));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unreadable(`The file is not CSV: ${error.message}. Put text with quotes in it in quotes, doubled inside.`);
  }
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}

/** That of which the first line has most, outside of quotes. */
function likelyDelimiter(text: string): Delimiter {
  const [head = ''] = text
    .replace(/^\ufeff/, '')
    .replace(/"[^"]*"/g, '')
    .trimStart()
    .split(/\r|\n/, 1);
  const counts = DELIMITERS.map((delimiter) => head.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** Names of columns, each once: a second "Name" becomes "Name (2)". */
function namesOf(cells: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, cell] of cells.entries()) {
    const name = cell === '' ? `column ${index + 1}` : cell;
    let free = name;
    for (let n = 2; names.includes(free); n++) free = `${name} (${n})`;
    names.push(free);
  }
  return names;
}

function chosenColumns(
  headers: readonly string[],
  chosen: Partial<Record<RosterField, string | null>>,
): Record<RosterField, string | null> {
  for (const [field, column] of Object.entries(chosen)) {
    if (!ROSTER_FIELDS.includes(field as RosterField))
      throw unreadable(`There is no field "${field.slice(0, 40)}". There are: ${ROSTER_FIELDS.join(', ')}.`);
    if (column !== null && column !== undefined && !headers.includes(column))
      throw unreadable(`The file has no column "${String(column).slice(0, 80)}". It has: ${headers.join(', ')}.`);
  }
  const free = headers.filter((header) => !Object.values(chosen).includes(header));
  const columns = { ...guessColumns(free), ...withoutUndefined(chosen) };
  if (columns.username === null && columns.email === null)
    throw unreadable(
      `No column of user names was found. Say which it is, or which has e-mail addresses. The file has: ${headers.join(', ')}.`,
    );
  return columns;
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

function lineOf({ record, line }: CsvRecord, places: Record<RosterField, number>, width: number): RosterLine {
  const cell = (field: RosterField) => record[places[field]] ?? '';
  const email = cell('email').toLowerCase();
  // Without a column of user names the part of the address before the @ is one.
  const username = (places.username < 0 ? (email.split('@', 1)[0] ?? '') : cell('username')).toLowerCase();
  const name = cell('name') || [cell('firstName'), cell('lastName')].filter((part) => part !== '').join(' ');
  const role = roleNamed(cell('role'));
  return {
    line,
    username,
    displayName: name === '' ? undefined : name.replace(/\s+/g, ' '),
    email: email === '' ? undefined : email,
    role: role ?? undefined,
    problem: problemOf({ record, width, username, email, role, roleText: cell('role') }),
  };
}

const EMAIL = /^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}$/;

function problemOf(row: {
  readonly record: readonly string[];
  readonly width: number;
  readonly username: string;
  readonly email: string;
  readonly role: CourseRole | null | undefined;
  readonly roleText: string;
}): string | undefined {
  if (row.record.slice(row.width).some((cell) => cell !== ''))
    return `The row has ${row.record.length} cells, and there are ${row.width} columns: is a name with a comma missing its quotes?`;
  if (row.username === '') return 'There is no user name.';
  if (row.email !== '' && !EMAIL.test(row.email)) return `"${row.email.slice(0, 80)}" is not an e-mail address.`;
  if (row.role === null)
    return `"${row.roleText.slice(0, 40)}" is no role here: student, assistant, professor or auditor.`;
  return undefined;
}

const ROLE_WORDS: Readonly<Record<CourseRole, readonly string[]>> = {
  student: [
    ...['student', 'learner', 'pupil', 'studierende', 'studierender', 'studentin', 'schüler', 'schülerin', 'étudiant'],
    ...[
      'étudiante',
      'élève',
      'estudiante',
      'alumno',
      'alumna',
      'studente',
      'studentessa',
      'aluno',
      'aluna',
      'leerling',
    ],
    ...['teilnehmer', 'teilnehmerin', 'teilnehmer/in', 'participant'],
  ],
  assistant: [
    ...['assistant', 'teaching assistant', 'ta', 'tutor', 'tutorin', 'assistent', 'assistentin', 'assistante'],
    ...['asistente', 'assistente', 'hilfskraft', 'grader', 'non-editing teacher'],
  ],
  professor: [
    ...['professor', 'professorin', 'teacher', 'instructor', 'lecturer', 'dozent', 'dozentin', 'lehrer', 'lehrerin'],
    ...['professeur', 'enseignant', 'enseignante', 'profesor', 'profesora', 'docente', 'professore', 'docent'],
  ],
  auditor: ['auditor', 'auditorin', 'auditeur', 'observer', 'prüfer', 'prüferin'],
};

/** Undefined: the row does not say; null: it says something that is no role. */
function roleNamed(text: string): CourseRole | null | undefined {
  if (text === '') return undefined;
  const word = text.normalize('NFC').toLowerCase();
  const found = (Object.keys(ROLE_WORDS) as CourseRole[]).find((role) => ROLE_WORDS[role].includes(word));
  return found ?? null;
}

function unreadable(message: string): Problem {
  return new Problem(422, 'unreadable-roster', message);
}
