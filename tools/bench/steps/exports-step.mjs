/** One export of the benchmark: node exports-step.mjs <progsnap2|events|git> <url> <file of the scope> <folder>. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';
import { RecordedDocuments } from '../../../libs/documents/dist/index.js';
import {
  EventLines,
  ExportFolder,
  gitBundle,
  gitHistory,
  ProgSnap2Dataset,
  sharedWith,
  sourcesOfWork,
} from '../../../libs/exports/dist/index.js';

const [name, url, file, folder] = process.argv.slice(2);
/** JSON has no times. */
const scope = JSON.parse(readFileSync(file, 'utf8'), (key, value) =>
  ['openedAt', 'createdAt'].includes(key) ? new Date(value) : value,
);
const store = createPostgresEventStore({ connectionString: url });
const documents = new RecordedDocuments(store);
mkdirSync(folder);
const place = new ExportFolder(folder);

async function* pieces() {
  if (name === 'events')
    yield* new EventLines({ store, sources: sourcesOfWork(scope), share: sharedWith('', true), query: {} }).lines();
  else if (name === 'git') yield* gitBundle(await gitHistory({ store, documents, scope }, place));
  else {
    const options = { store, documents, scope, mode: 'strict', identified: false, version: '1', key: Buffer.from('k') };
    yield* new ProgSnap2Dataset(options, place).mainTable();
  }
}

const begun = performance.now();
let bytes = 0;
let rows = 0;
let first;
for await (const piece of pieces()) {
  // The head of a table is there before anything has been read.
  if (++rows === 2) first = performance.now();
  bytes += piece.length;
}
const seconds = (performance.now() - begun) / 1000;
const firstSeconds = ((first ?? performance.now()) - begun) / 1000;
await store.close();
console.log(JSON.stringify({ seconds, firstSeconds, bytes, megabytes: process.resourceUsage().maxRSS / 1024 }));
