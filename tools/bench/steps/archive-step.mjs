/** One step of tools/bench/archive.mjs: export | verify | import, a connection string and a folder. Prints its figures as JSON. */
import { createRequire } from 'node:module';
import { exportArchive, importArchive, verifyArchive } from '../../../libs/archive/dist/index.js';
import { PostgresBlobStore } from '../../../libs/blobs/dist/index.js';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';

const require = createRequire(new URL('../../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

const [name, url, folder] = process.argv.slice(2);
const store = createPostgresEventStore({ connectionString: url });
const pool = new pg.Pool({ connectionString: url, max: 2 });
const options = { store, blobs: new PostgresBlobStore(pool), folder };

const steps = {
  export: async () => (await exportArchive(options)).manifest.events,
  verify: async () => {
    const { manifest, problems } = await verifyArchive(folder);
    if (problems.length > 0) throw new Error(problems.join(' '));
    return manifest.events;
  },
  import: async () => {
    const { events, known } = await importArchive(options);
    return events + known;
  },
};

const begun = performance.now();
const events = await steps[name]();
const seconds = (performance.now() - begun) / 1000;
await store.close();
await pool.end();
// Kilobytes, as getrusage(2) has it on Linux.
console.log(JSON.stringify({ seconds, events, megabytes: process.resourceUsage().maxRSS / 1000 }));
