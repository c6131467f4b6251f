/** Logs for the tests of other packages: Postgres databases of their own, and in-process KurrentDB servers. */
export { createInProcessLog, type InProcessLog } from './kurrentdb/kurrentdb-log.js';
export { createPostgresLog, type PostgresLog } from './postgres/postgres-log.js';
export type { ContractLog } from './contract/harness.js';
