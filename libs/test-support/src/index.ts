/** What the tests share: databases on the one embedded Postgres of the run, and waiting for a condition. */
export { createTestDatabase, type TestDatabase } from './database.js';
export { eventually } from './eventually.js';
