/** The log in formats of others. docs/EXPORTS.md describes each of them, and what is lost in it. */
export type {
  CourseScope,
  ScopedFile,
  ScopedGroup,
  ScopedItem,
  ScopedPerson,
  ScopedRun,
  ScopedSession,
  ScopedWorkspace,
  WorkScope,
} from './scope.js';
/** Files that grow on the disk beside what is sent. */
export { ExportFolder } from './export-folder.js';
/** A course in ProgSnap2 v1.0. */
export { ProgSnap2Dataset, SAVE_AFTER_MS, type ProgSnap2Options } from './progsnap2/dataset.js';
export type { Mode as ProgSnap2Mode } from './progsnap2/columns.js';
/** A workspace as a Git repository: commits at runs, hand-ins and pauses, in one file that `git clone` takes. */
export { COMMIT_AFTER_MS, gitHistory, type GitHistory, type GitOptions } from './git/workspace-history.js';
export { gitBundle } from './git/bundle.js';
/** Events as lines of JSON with a manifest. */
export { EventLines, type EventLinesOptions, type EventsManifest, type Share } from './events/event-lines.js';
export { sharedWith, sharedWithSubject, sourcesOfCourse, sourcesOfWork } from './events/sources.js';
export { inLogOrder, type Source } from './in-log-order.js';
