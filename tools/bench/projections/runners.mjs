/** The read models of one api process: node runners.mjs <url>. Says `ready` when they run, and ends with its parent. */
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';
import { ReadModels } from '../../../projections/dist/index.js';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../projections/package.json', import.meta.url));
const pg = require('pg');

const [url] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 12 });
const store = createPostgresEventStore({ connectionString: url });
const models = new ReadModels(store, pool, url);
models.start();
process.on('disconnect', () => process.exit(0));
process.send('ready');
