/**
 * What was acknowledged to the writers, and the comparison with what the log holds in the end. The process that keeps it is
 * never killed, so what stands here was said by the product.
 */
import { createRequire } from 'node:module';
import { decodeFileEdited, FILE_EDITED, fromJsonBytes, TEXT_ROOT } from '../../../libs/domain/dist/index.js';

const Y = createRequire(new URL('../../../apps/api/package.json', import.meta.url))('yjs');

/** Milliseconds. Who is not answered by then is not waited for any more. */
const RECOVERY_TIMEOUT = 60_000;

export class Ledger {
  /** {stream, ids, revision, position}: events given to the store itself; revision and position are those of the last. */
  appended = [];
  /** {file, path, deleted}: files made, and perhaps deleted, through the api. */
  files = [];
  /** {file, mark}: text typed through the collaboration socket. */
  marks = [];
  /** Attempts that got no answer, or one that said "try again". */
  unanswered = 0;
  /** What was refused though there was no reason: sentences. */
  refusals = [];
  /** Kinds of writers that were not answered any more after a kill. */
  silent = [];
  #waiting = new Set();

  get acknowledged() {
    const answers = this.files.reduce((sum, { deleted }) => sum + (deleted ? 2 : 1), 0);
    return this.appended.reduce((sum, { ids }) => sum + ids.length, 0) + answers + this.marks.length;
  }

  /** A writer of this kind got an answer to what it had sent at `sentAt` (performance.now()). */
  answered(kind, sentAt) {
    for (const wait of this.#waiting) if (wait.kind === kind && sentAt >= wait.since) wait.resolve(performance.now());
  }

  refused(what) {
    this.refusals.push(what);
    return undefined;
  }

  /** performance.now() of the first answer that a writer of this kind gets for something sent from now on. */
  async nextAnswer(kind) {
    let timer;
    const wait = { kind, since: performance.now() };
    try {
      return await new Promise((resolve) => {
        timer = setTimeout(() => {
          this.silent.push(kind);
          resolve(performance.now());
        }, RECOVERY_TIMEOUT);
        wait.resolve = resolve;
        this.#waiting.add(wait);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wait);
    }
  }
}

/** Counts of everything that should not be. `log` is the whole log, in its order. */
export async function compare(ledger, log) {
  const found = await readLog(log, new Set(ledger.marks.map(({ file }) => file)));
  const faults = { events: found.events, lost: 0, duplicated: found.duplicated, gaps: found.gaps };
  for (const append of ledger.appended) faults.lost += lostOf(append, found);
  for (const { file, path, deleted } of ledger.files) {
    if (found.created.get(file) !== path) faults.lost++;
    if (!found.streams.has(`file-${file}`)) faults.lost++; // its first text
    if (deleted && !found.deleted.has(file)) faults.lost++;
  }
  for (const { file, mark } of ledger.marks) {
    const times = (found.texts.get(file)?.getText(TEXT_ROOT).toString().split(mark).length ?? 1) - 1;
    if (times === 0) faults.lost++;
    if (times > 1) faults.duplicated += times - 1;
  }
  return faults;
}

/** Events of an append that are not in the log, or not where the writer was told. */
function lostOf({ stream, ids, revision, position }, { places }) {
  const stored = ids.map((id) => places.get(`${stream} ${id}`));
  const moved = stored.filter((place, n) => place && place.revision !== revision - BigInt(ids.length - 1 - n));
  const last = stored.at(-1);
  const elsewhere = last && moved.length === 0 && last.position !== position ? 1 : 0;
  return stored.filter((place) => place === undefined).length + moved.length + elsewhere;
}

async function readLog(log, typedIn) {
  const found = {
    ...{ events: 0, duplicated: 0, gaps: 0, places: new Map(), streams: new Map() },
    ...{ created: new Map(), paths: new Set(), deleted: new Set(), texts: new Map() },
  };
  for await (const event of log) {
    const { stream, id, revision, position } = event;
    found.events++;
    if (found.places.has(`${stream} ${id}`)) found.duplicated++;
    found.places.set(`${stream} ${id}`, { revision, position });
    if (revision !== (found.streams.get(stream) ?? -1n) + 1n) found.gaps++;
    found.streams.set(stream, revision);
    if (stream.startsWith('workspace-')) readFile(event, found);
    if (event.type === FILE_EDITED) readText(event, found, typedIn);
  }
  return found;
}

/** A path that was created twice in a workspace is a request that was carried out twice: no writer uses one again. */
function readFile({ stream, type, data }, found) {
  if (type !== 'FileCreated' && type !== 'FileDeleted') return;
  const { file, path } = fromJsonBytes(data);
  if (type === 'FileDeleted') return void found.deleted.add(file);
  const place = `${stream} ${path}`;
  if (found.paths.has(place)) found.duplicated++;
  found.paths.add(place);
  found.created.set(file, path);
}

function readText({ stream, data }, { texts }, typedIn) {
  const file = stream.slice('file-'.length);
  if (!typedIn.has(file)) return;
  const doc = texts.get(file) ?? new Y.Doc();
  texts.set(file, doc);
  for (const { update } of decodeFileEdited(data).edits) Y.applyUpdate(doc, update);
}
