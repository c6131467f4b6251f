import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DocSnapshots, PostgresSnapshotStore, RecordedDocuments } from '@palimpsest/documents';
import {
  EventLines,
  ExportFolder,
  gitBundle,
  gitHistory,
  ProgSnap2Dataset,
  type ProgSnap2Mode,
  sharedWith,
  sourcesOfCourse,
  sourcesOfWork,
} from '@palimpsest/exports';
import { ExportQueries } from '@palimpsest/projections';
import type { Environment } from '@palimpsest/settings';
import type { Status } from './archive-commands.js';
import { type Stores, type Terminal, withStores } from './environment.js';
import { counted } from './progress-bar.js';

export interface ExportOptions {
  /** A new folder; of git a new file. */
  readonly out: string;
  readonly course?: string;
  readonly workspace?: string;
  readonly from?: string;
  readonly until?: string;
}

export interface ProgSnap2CommandOptions extends ExportOptions {
  readonly mode?: ProgSnap2Mode;
  readonly identified?: boolean;
}

/** `MainTable.csv` and everything beside it in a new folder. */
export async function progSnap2Command(
  options: ProgSnap2CommandOptions,
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  const span = spanOf(options);
  return withStores<Status>(environment, {}, async (stores) => {
    const scope = await courseNamed(stores, options.course);
    const { VERSION, recordExport } = await import('@palimpsest/api'); // loads the whole api: not for the other commands
    await mkdir(options.out, { mode: 0o700 });
    const { mode = 'strict', identified = false } = options;
    const object = `course ${scope.course}`;
    const query = { mode, identified: String(identified), ...asText(options) };
    const record = await recordExport(stores.store, { format: 'progsnap2', object, query });
    const dataset = new ProgSnap2Dataset(
      {
        ...{ store: stores.store, documents: documentsOf(stores, terminal), scope, mode, identified },
        ...{ version: VERSION, key: keyOf(environment, terminal), signal: terminal.signal, ...span },
      },
      new ExportFolder(options.out),
    );
    await write(record.counted(dataset.mainTable()), join(options.out, 'MainTable.csv'));
    await record.finish(dataset.rows);
    terminal.print(`${counted(dataset.rows, 'row')} of ${scope.title} in ${options.out} (ProgSnap2, ${mode}).`);
    return 0;
  });
}

/** One file that `git clone` takes. */
export async function gitCommand(
  options: ExportOptions,
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  return withStores<Status>(environment, {}, async (stores) => {
    const scope = await workspaceNamed(stores, options.workspace);
    const place = await mkdtemp(join(tmpdir(), 'palimpsest-export-'));
    try {
      const { store, blobs } = stores;
      const { signal } = terminal;
      const documents = documentsOf(stores, terminal);
      const { recordExport } = await import('@palimpsest/api');
      const record = await recordExport(store, { format: 'git', object: `workspace ${options.workspace}`, query: {} });
      const history = await gitHistory({ store, documents, blobs, scope, signal }, new ExportFolder(place));
      await write(record.counted(gitBundle(history)), options.out);
      await record.finish(history.commits);
      terminal.print(`${counted(history.commits, 'commit')} in ${options.out}: git clone ${options.out} <folder>`);
      return 0;
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
}

/** `events.jsonl` and `manifest.json` in a new folder; whole, since whoever has the database has them anyway. */
export async function jsonlCommand(
  options: ExportOptions,
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  const span = spanOf(options);
  return withStores<Status>(environment, {}, async (stores) => {
    const { object, sources } = await eventsOf(stores, options);
    const { recordExport } = await import('@palimpsest/api');
    const record = await recordExport(stores.store, { format: 'jsonl', object, query: asText(options) });
    await mkdir(options.out, { mode: 0o700 });
    const lines = new EventLines({
      ...{ store: stores.store, sources, share: sharedWith('', true), signal: terminal.signal },
      ...{ query: { of: object, ...asText(options) }, ...span },
    });
    await write(record.counted(lines.lines()), join(options.out, 'events.jsonl'));
    const manifest = JSON.stringify(await lines.manifest(), null, 2);
    await writeFile(join(options.out, 'manifest.json'), manifest, { flag: 'wx', mode: 0o600 });
    await record.finish(lines.count);
    terminal.print(`${counted(lines.count, 'event')} in ${options.out}.`);
    return 0;
  });
}

async function eventsOf(stores: Stores, { course, workspace }: ExportOptions) {
  if (workspace !== undefined)
    return { object: `workspace ${workspace}`, sources: sourcesOfWork(await workspaceNamed(stores, workspace)) };
  const scope = await courseNamed(stores, course);
  return { object: `course ${scope.course}`, sources: sourcesOfCourse(scope) };
}

function asText({ from, until }: ExportOptions): Record<string, string> {
  return { ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
}

/** By its id or its title. */
async function courseNamed({ pool }: Stores, course = '') {
  const queries = new ExportQueries(pool);
  const found = await queries.coursesNamed(course);
  const [only] = found;
  const scope = only && found.length === 1 ? await queries.course(only.id) : undefined;
  if (scope) return scope;
  const list = (await queries.coursesNamed()).map(({ id, title }) => `${id}  ${title}`).join('\n');
  throw new Error(`There ${only ? 'are several courses' : 'is no course'} "${course}". There are:\n${list}`);
}

async function workspaceNamed({ pool }: Stores, workspace = '') {
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(workspace);
  const scope = isId ? await new ExportQueries(pool).workspace(workspace) : undefined;
  if (!scope?.workspaces[0]) throw new Error(`There is no workspace with the id "${workspace}".`);
  return scope;
}

function documentsOf({ store, pool }: Stores, terminal: Terminal): RecordedDocuments {
  const snapshots = new DocSnapshots(store, new PostgresSnapshotStore(pool), (sentence) => terminal.note(sentence));
  return new RecordedDocuments(store, snapshots);
}

/** The installation's, so that the pseudonyms are those of its other exports. */
function keyOf(environment: Environment, terminal: Terminal): Uint8Array {
  const key = environment['IDE_SECRET_KEY'];
  if (key) return Buffer.from(key);
  terminal.note('IDE_SECRET_KEY is not set: the pseudonyms of this export are like those of no other.');
  return randomBytes(32);
}

function spanOf({ from, until }: ExportOptions): { readonly from?: Date; readonly until?: Date } {
  return { ...(from !== undefined && { from: moment(from) }), ...(until !== undefined && { until: moment(until) }) };
}

function moment(text: string): Date {
  const found = new Date(text);
  if (Number.isNaN(found.getTime())) throw new Error(`"${text}" is no moment such as 2026-01-31T08:00:00Z.`);
  return found;
}

/** Nothing that is there is overwritten. */
function write(pieces: AsyncGenerator<string | Uint8Array>, file: string): Promise<void> {
  return pipeline(Readable.from(pieces, { objectMode: false }), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
}
