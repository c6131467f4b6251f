/**
 * What an export is about: ids, and of each stream roughly since when there are events in it. Read models give them; everything
 * else an export says comes from the log.
 */
export interface ScopedWorkspace {
  readonly id: string;
  readonly kind: 'course' | 'personal' | 'material' | 'copy';
  readonly owner: string;
  readonly name: string;
  /** What it is a copy of; null: of nothing that the course has published. */
  readonly item: string | null;
  /** Of a copy for a group: which. */
  readonly group: string | null;
  readonly openedAt: Date;
}

export interface ScopedFile {
  readonly id: string;
  readonly workspace: string;
  readonly kind: 'text' | 'binary';
  readonly createdAt: Date;
}

export interface ScopedRun {
  readonly id: string;
  readonly workspace: string;
  readonly requestedAt: Date;
}

export interface ScopedItem {
  readonly id: string;
  readonly kind: string;
  readonly section: string;
  readonly title: string;
}

export interface ScopedPerson {
  readonly id: string;
  /** In the course; null: not a member any more. */
  readonly role: string | null;
  readonly username: string;
  readonly displayName: string;
}

export interface ScopedSession {
  readonly stream: string;
  readonly person: string;
  readonly openedAt: Date;
}

export interface ScopedGroup {
  readonly id: string;
  readonly members: readonly string[];
}

/** Workspaces with what is in them. Deleted files are in it. */
export interface WorkScope {
  readonly workspaces: readonly ScopedWorkspace[];
  readonly files: readonly ScopedFile[];
  readonly runs: readonly ScopedRun[];
  /** Everybody who may occur. */
  readonly people: readonly ScopedPerson[];
}

export interface CourseScope extends WorkScope {
  readonly course: string;
  readonly createdAt: Date;
  readonly items: readonly ScopedItem[];
  readonly groups: readonly ScopedGroup[];
  /** Sign-ins of the people. */
  readonly sessions: readonly ScopedSession[];
}
