import type { CourseId, FileId, ItemId, RunId, SessionId, UserId, WorkspaceId } from './identifiers.js';

/** Names of streams. They are the storage format: they never change. */
export const streamOf = {
  user: (id: UserId) => `user-${id}`,
  session: (id: SessionId) => `session-${id}`,
  course: (id: CourseId) => `course-${id}`,
  item: (id: ItemId) => `item-${id}`,
  workspace: (id: WorkspaceId) => `workspace-${id}`,
  file: (id: FileId) => `file-${id}`,
  run: (id: RunId) => `run-${id}`,
  executor: (name: string) => `executor-${name}`,
  /** Reads worth recording, one stream a month (UTC). */
  audit: (at: { readonly year: number; readonly month: number }) =>
    `audit-${at.year}-${String(at.month).padStart(2, '0')}`,
  /** Signed checkpoints of the log, one stream a month (UTC). */
  evidence: (at: { readonly year: number; readonly month: number }) =>
    `evidence-${at.year}-${String(at.month).padStart(2, '0')}`,
} as const;

/** Kind and id of a stream by its name: the parts before and after the first hyphen. */
export function partsOfStream(name: string): { readonly category: string; readonly id: string } {
  const hyphen = name.indexOf('-');
  return hyphen < 0 ? { category: name, id: '' } : { category: name.slice(0, hyphen), id: name.slice(hyphen + 1) };
}
