import type { AuditRow } from '@palimpsest/projections';

type Value = string | null;

/** What a row of an export has, with the names of its columns: everything that the list shows, and more. */
const COLUMNS: readonly (readonly [name: string, value: (row: AuditRow) => Value])[] = [
  ['entry', ({ entryNo }) => entryNo],
  ['time', ({ at }) => at.toISOString()],
  ['who', ({ actorName, actorId }) => actorName ?? actorId],
  ['who_id', ({ actorId }) => actorId],
  ['role', ({ actorRole }) => actorRole],
  ['affected', ({ subjectName }) => subjectName],
  ['affected_id', ({ subjectId }) => subjectId],
  ['action', ({ action }) => action],
  ['object_kind', ({ objectKind }) => objectKind],
  ['object', ({ object }) => object],
  ['object_id', ({ objectId }) => objectId],
  ['outcome', ({ outcome }) => outcome],
  ['summary', ({ summary }) => summary],
  ['origin', ({ via }) => via],
  ['address', ({ address }) => address],
  ['session', ({ session }) => session],
  ['course', ({ courseName }) => courseName],
  ['course_id', ({ course }) => course],
  ['workspace', ({ workspace }) => workspace],
  ['file', ({ file }) => file],
  ['type', ({ type }) => type],
  ['event', ({ id }) => id],
  ['stream', ({ stream }) => stream],
  ['revision', ({ revision }) => String(revision)],
  ['last_revision', ({ lastRevision }) => lastRevision],
  ['position', ({ position }) => position],
];

export const EXPORT_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** Begins what a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** A field of RFC 4180. An apostrophe stands before what a spreadsheet would carry out; JSON lines have every text as it is. */
function csvField(value: Value): string {
  if (value === null) return '';
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvLine = (fields: readonly Value[]) => `${fields.map(csvField).join(',')}\r\n`;

export type RowFormat = 'csv' | 'jsonl';

/** What stands before the first row. */
export function exportHead(format: RowFormat): string {
  return format === 'csv' ? csvLine(EXPORT_COLUMNS) : '';
}

export function exportLine(format: RowFormat, row: AuditRow): string {
  if (format === 'csv') return csvLine(COLUMNS.map(([, value]) => value(row)));
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map(([name, value]) => [name, value(row)])))}\n`;
}
