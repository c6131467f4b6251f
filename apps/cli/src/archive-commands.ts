import {
  archiveInfo,
  exportArchive,
  importArchive,
  type Manifest,
  type OnProgress,
  verifyArchive,
} from '@palimpsest/archive';
import { Checkpoints, exportEvidence } from '@palimpsest/evidence';
import type { Environment } from '@palimpsest/settings';
import { join } from 'node:path';
import type pg from 'pg';
import { type Terminal, withStores } from './environment.js';
import { counted, size } from './progress-bar.js';

/** What is shown of a phase: its name and what it counts. */
const PHASES = {
  comparing: ['comparing', 'events'],
  events: ['events', 'events'],
  blobs: ['blobs', 'blobs'],
  streams: ['streams', 'streams'],
  files: ['files', 'files'],
} as const;

function shown({ progress }: Terminal): OnProgress {
  return ({ phase, done, share }) => {
    const [label, unit] = PHASES[phase];
    progress.show({ label, done, unit, share });
  };
}

/** Exit status. */
export type Status = 0 | 1 | 130;

export async function exportCommand(folder: string, environment: Environment, terminal: Terminal): Promise<Status> {
  return withStores(environment, {}, async ({ store, blobs, pool, kind }) => {
    await warnOfAnotherLog(await store.identity(), pool, terminal);
    const { signal } = terminal;
    const result = await exportArchive({ store, blobs, folder, signal, onProgress: shown(terminal) });
    terminal.progress.end();
    const { manifest, events, complete } = result;
    terminal.print(
      `${counted(events, 'event')} and ${counted(result.blobs, 'blob')} from ${kind}; the archive has ${totals(manifest)} now.`,
    );
    if (complete) {
      terminal.print(await evidenceBeside(folder, manifest, pool));
      return 0;
    }
    terminal.note('Interrupted: what was written is kept. Repeat the command to go on.');
    return 130;
  });
}

/** Writes what vouches for the events beside them, and says so. */
async function evidenceBeside(folder: string, { log, events }: Manifest, pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ there: boolean }>(
    `select to_regclass('evidence.checkpoint') is not null as there`,
  );
  const checkpoints = rows[0]?.there ? await new Checkpoints(pool).all(log) : [];
  const written = await exportEvidence(folder, events, checkpoints);
  return `${counted(written, 'signed checkpoint')} beside it: python3 ${join(folder, 'verifier.py')} ${folder} checks them anywhere.`;
}

export async function importCommand(folder: string, environment: Environment, terminal: Terminal): Promise<Status> {
  return withStores(environment, { make: true }, async ({ store, blobs, kind }) => {
    const { signal } = terminal;
    const result = await importArchive({ store, blobs, folder, signal, onProgress: shown(terminal) });
    terminal.progress.end();
    const known = result.known > 0 ? ` (${counted(result.known, 'more event')} known already)` : '';
    terminal.print(
      `${counted(result.events, 'event')}${known} and ${counted(result.blobs, 'blob')} imported into ${kind}.`,
    );
    if (!result.complete) {
      terminal.note('Interrupted: what was written is kept. Repeat the command to go on.');
      return 130;
    }
    terminal.note(
      'The lists are built from the log by the next "npm start". Passwords are in no archive: ' +
        '"npm run palimpsest -- accounts reset-password <user>" makes a new one.',
    );
    return 0;
  });
}

export async function verifyCommand(folder: string, terminal: Terminal): Promise<Status> {
  const { manifest, problems, strangers } = await verifyArchive(folder, shown(terminal), terminal.signal);
  terminal.progress.end();
  if (strangers.length > 0) terminal.note(`Not part of the archive: ${strangers.join(', ')}.`);
  for (const problem of problems) terminal.note(problem);
  if (problems.length === 0) terminal.print(`Every byte is as it was written: ${totals(manifest)}.`);
  else terminal.print(`${counted(problems.length, 'problem')}.`);
  return problems.length === 0 ? 0 : 1;
}

export async function infoCommand(folder: string, json: boolean, terminal: Terminal): Promise<Status> {
  const manifest = await archiveInfo(folder);
  if (json) terminal.print(JSON.stringify(manifest, null, 2));
  else for (const line of description(manifest)) terminal.print(line);
  return 0;
}

function description(manifest: Manifest): string[] {
  const { version, createdAt, updatedAt, log, position, segments } = manifest;
  const events = segments.filter(({ kind }) => kind === 'events');
  const [from, until] = [events[0]?.from, events.at(-1)?.until];
  return [
    `format     palimpsest-archive, version ${version}`,
    `content    ${totals(manifest)}`,
    ...(from && until ? [`recorded   ${from} to ${until}`] : []),
    `exported   ${createdAt}${updatedAt === createdAt ? '' : `, last ${updatedAt}`}`,
    `log        ${log}, up to position ${position ?? 'none'}`,
    ...segments.map(({ file, records, bytes }) => `file       ${file}  ${counted(records, 'record')}, ${size(bytes)}`),
  ];
}

function totals({ events, blobs, segments }: Manifest): string {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return `${counted(events, 'event')} and ${counted(blobs, 'blob')} in ${counted(segments.length, 'file')}, ${size(bytes)}`;
}

/** A log that the lists of this installation were not built from is likely the wrong one: EVENTSTORE_URL was forgotten. */
async function warnOfAnotherLog(
  log: string,
  pool: { query<Row extends object>(text: string): Promise<{ rows: Row[] }> },
  { note }: Terminal,
): Promise<void> {
  const { rows } = await pool
    .query<{ epoch: string | null }>('select distinct epoch from read.checkpoint where epoch is not null')
    .catch(() => ({ rows: [] }));
  if (rows.length > 0 && !rows.some(({ epoch }) => epoch === log))
    note('Note: the lists of this installation were built from another log. Is EVENTSTORE_URL set as for "npm start"?');
}
