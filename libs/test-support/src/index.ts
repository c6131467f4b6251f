/** What the tests share: databases on the one embedded Postgres of the run, a real Redis, and waiting for a condition. */
export { createTestDatabase, templateDatabase, type TestDatabase } from './database.js';
export { ExecutorProcess } from './executor-process.js';
export { eventually } from './eventually.js';
export { RedisServer } from './redis-server.js';
