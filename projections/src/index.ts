/** Read models in Postgres (schema `read`): how they are built from the log, and the queries on them. */
export { migrateReadModels, ReadModelsTooNew } from './migrate.js';
export { PROJECTORS, ReadModelBehind, ReadModels, type ReadModelName } from './read-models.js';
export {
  ForeignCheckpoint,
  ProjectionRunner,
  ProjectionStopped,
  rebuild,
  type RunnerOptions,
} from './projection-runner.js';
export type { Projector } from './projector.js';
export {
  DirectoryQueries,
  type CourseRow,
  type FileRow,
  type MemberRow,
  type PersonRow,
  type WorkspaceRow,
} from './directory-queries.js';
export { RunQueries, type RunRow } from './run-queries.js';
export { AuditQueries, type AuditFilter, type AuditRow } from './audit-queries.js';
