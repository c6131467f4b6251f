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
