import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { firstPasswordsCsv, ROSTER_FIELDS, type RosterField, type RosterPreviewDto } from '@palimpsest/protocol';
import type { Environment } from '@palimpsest/settings';
import { InvalidArgumentError } from 'commander';
import type { Status } from './archive-commands.js';
import { type Terminal, withStores } from './environment.js';
import { counted } from './progress-bar.js';

type Columns = Partial<Record<RosterField, string | null>>;

export interface UsersOptions {
  readonly course: string;
  readonly column?: Columns;
  readonly delimiter?: ',' | ';' | '\t';
  readonly removeMissing?: boolean;
  readonly passwords?: string;
  readonly yes?: boolean;
}

/** Asks a question; undefined where nobody can answer. */
export type Ask = (question: string) => Promise<string | undefined>;

/** `--column username="Login name"`; with nothing after the sign the field is left out. */
export function readColumn(text: string, before: Columns): Columns {
  const [field = '', ...rest] = text.split('=');
  if (!ROSTER_FIELDS.includes(field as RosterField) || rest.length === 0)
    throw new InvalidArgumentError(`It is <field>=<name of the column>, with a field of ${ROSTER_FIELDS.join(', ')}.`);
  return { ...before, [field]: rest.join('=') || null };
}

export function readDelimiter(text: string): ',' | ';' | '\t' {
  if (text === 'tab') return '\t';
  if (text === ',' || text === ';' || text === '\t') return text;
  throw new InvalidArgumentError('It is a comma, a semicolon, or the word tab.');
}

export const askOnTerminal: Ask = async (question) => {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
};

/** Shows what the roster changes, and does it when that is confirmed. Exit status 1 if there are rows with errors. */
export async function importUsersCommand(
  path: string,
  options: UsersOptions,
  environment: Environment,
  terminal: Terminal,
  ask: Ask,
): Promise<Status> {
  const { openRosters, rosterText } = await import('@palimpsest/api'); // loads the whole api: not for the other commands
  const text = rosterText(readFileSync(path));
  const { column: columns, delimiter, removeMissing } = options;
  const roster = {
    text,
    ...(columns && { columns }),
    ...(delimiter && { delimiter }),
    ...(removeMissing && { removeMissing }),
  };
  return withStores<Status>(environment, {}, async ({ store, pool }) => {
    const rosters = openRosters(store, pool);
    const course = await rosters.course(options.course);
    const preview = await rosters.preview(course, roster);
    for (const line of linesOf(preview)) terminal.print(line);
    const status: Status = preview.counts.error > 0 ? 1 : 0;
    if (changes(preview) === 0) {
      terminal.print('There is nothing to change.');
      return status;
    }
    if (!options.yes && !(await isConfirmed(ask, terminal))) return status;
    const file = options.passwords ?? `first-passwords-${new Date().toISOString().replace(/[:.]/g, '-')}.csv`;
    let wrote = false;
    const { firstPasswords, problems } = await rosters.import(
      course,
      { ...roster, digest: preview.digest },
      (passwords) => {
        writePrivately(file, firstPasswordsCsv(passwords));
        wrote = true;
        return Promise.resolve();
      },
    );
    if (wrote && firstPasswords.length === 0) unlinkSync(file);
    terminal.print(`Done: ${summary(preview)}.`);
    for (const problem of problems) terminal.note(`Not done: ${problem}`);
    if (firstPasswords.length > 0)
      terminal.print(
        `${counted(firstPasswords.length, 'first password')} in ${file}: hand them out, then delete the file. Each is changed at the first sign-in.`,
      );
    return problems.length > 0 ? 1 : status;
  });
}

async function isConfirmed(ask: Ask, terminal: Terminal): Promise<boolean> {
  const answer = await ask('Do this? Type "yes": ');
  if (answer?.trim().toLowerCase() === 'yes') return true;
  terminal.note(
    answer === undefined ? 'Nothing was written: repeat the command with --yes to do this.' : 'Nothing was written.',
  );
  return false;
}

function changes({ counts }: RosterPreviewDto): number {
  return counts['new-account'] + counts.enrolled + counts.changed + counts.removed;
}

function summary({ counts }: RosterPreviewDto): string {
  const words = {
    ...{ 'new-account': 'new accounts', enrolled: 'enrolled', changed: 'changed', removed: 'removed' },
    ...{ unchanged: 'unchanged', error: 'with errors' },
  };
  return (Object.keys(words) as (keyof typeof words)[]).map((kind) => `${counts[kind]} ${words[kind]}`).join(', ');
}

/** Whatever stays as it is says nothing; of a new term that is most of the list. */
function linesOf(preview: RosterPreviewDto): string[] {
  const read = Object.entries(preview.columns).flatMap(([field, column]) =>
    column === null ? [] : [`${field} from "${column}"`],
  );
  const rows = preview.rows
    .filter(({ change, detail }) => change !== 'unchanged' || detail !== '')
    .map(({ line, username, displayName, role, change, detail }) =>
      [
        (line === null ? '' : `line ${line}`).padEnd(10),
        change.padEnd(12),
        username.padEnd(20),
        [displayName, role, detail].filter((part) => part !== '').join(' · '),
      ].join(' '),
    );
  return [`columns: ${read.join(', ')}`, ...rows, summary(preview)];
}

/** Readable by its owner only; an existing file is not touched. On the disk before any account is made. */
function writePrivately(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
