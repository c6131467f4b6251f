/** Read models in Postgres (schema `read`): how they are built from the log, and the queries on them. */
export { migrateReadModels, ReadModelsTooNew } from './migrate.js';
export { ReadModelBehind, ReadModels, type RebuildAllOptions } from './read-models.js';
export {
  EVIDENCE_REACTOR,
  PROJECTORS,
  projectorNamed,
  REACTORS,
  RUN_QUEUE_REACTOR,
  WRITE_BACK_REACTOR,
  type ReadModelName,
} from './projectors.js';
export { ProjectionRunner, type RunnerOptions } from './projection-runner.js';
export {
  ForeignCheckpoint,
  ForeignReactor,
  ProjectionFault,
  ProjectionStopped,
  ReadModelOutdated,
  ReadModelTooNew,
} from './faults.js';
export {
  RebuildInterrupted,
  rebuildReadModel,
  RebuildRefused,
  RebuildUnderWay,
  type RebuildOptions,
  type RebuildProgress,
  type RebuildResult,
} from './rebuild.js';
export { skipEvent, SkipRefused, type SkippedEvent } from './skip.js';
export { projectionStatus, type ProjectionState, type ProjectionStatus, type RebuildStatus } from './status.js';
export { projectionLag, type ProjectionLag } from './lag.js';
export type { Projector } from './projector.js';
export {
  DirectoryQueries,
  type CourseRow,
  type CourseTextRow,
  type FileRow,
  type MemberRow,
  type PersonRow,
  type WorkspaceRow,
} from './directory-queries.js';
export {
  ItemQueries,
  scheduleOf,
  type HandInRow,
  type ItemRow,
  type OverviewRow,
  type PersonalItemRow,
  type WorkRow,
} from './item-queries.js';
export { RunQueries, type RunFilter, type RunKey, type RunRow, type RunScope } from './run-queries.js';
export { ACTIVITY_KINDS, type ActivityKind, type ConnectionDetail, type RunDetail } from './activity/activity-row.js';
export {
  ActivityQueries,
  type ActivityEntry,
  type ActivityFilter,
  type ActivityKey,
  type ActivityScope,
  type SessionKey,
  type SessionSummary,
} from './activity/activity-queries.js';
export {
  AuditQueries,
  COUNT_MOST,
  type AuditFilter,
  type AuditPage,
  type AuditPageFilter,
  type AuditRow,
} from './audit-queries.js';
export type { AuditHistogram } from './audit-histogram.js';
export {
  MetricsQueries,
  type CourseFigures,
  type DayFigures,
  type DayRange,
  type Figures,
  type NamedCount,
  type StudentFigures,
} from './metrics-queries.js';
/** Whether an error says that the same may work a moment later. */
export { isPassing } from './batches.js';
/** Ids of what belongs to an export. */
export { ExportQueries, type ExportCourseRows, type ExportScopeRows, type ExportStreamRow } from './export-queries.js';
