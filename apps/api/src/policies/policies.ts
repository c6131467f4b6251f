import type { CourseRole, Role } from '@palimpsest/domain';

/** What is asked for. `run` and `edit` need to write; `see` covers reading, history and attaching to a run. */
export type WorkspaceAction = 'see' | 'edit' | 'run';

export type WorkspaceRight = 'write' | 'read' | 'none';

export interface WorkspaceFacts {
  readonly kind: 'course' | 'personal' | 'material';
  readonly owner: string;
}

/**
 * Who may do what in a workspace, in one place. Deny by default: whatever is not listed is `none`.
 * `courseRole` is the person's role in the workspace's course, undefined for people who do not belong to it.
 */
export function workspaceRight(
  person: { readonly id: string; readonly role: Role },
  courseRole: string | undefined,
  workspace: WorkspaceFacts,
): WorkspaceRight {
  if (person.role === 'admin') return 'read';
  if (courseRole === undefined) return 'none';
  switch (workspace.kind) {
    case 'course':
      return courseRole === 'student' || teaches(courseRole) ? 'write' : 'read';
    case 'personal':
      if (workspace.owner === person.id) return 'write';
      return teaches(courseRole) || courseRole === 'auditor' ? 'read' : 'none';
    case 'material':
      return teaches(courseRole) ? 'write' : 'read';
  }
}

/** Assistants see and run what professors do; what a course is, professors alone decide: see mayManageCourse. */
function teaches(courseRole: string): boolean {
  return courseRole === 'professor' || courseRole === 'assistant';
}

export function allows(right: WorkspaceRight, action: WorkspaceAction): boolean {
  return action === 'see' ? right !== 'none' : right === 'write';
}

/** Who may read the audit log. */
export function mayReadAuditLog(role: Role): boolean {
  return role === 'auditor' || role === 'admin';
}

/** Who decides about a course itself: its members, invitations, and what its programs may use. */
export function mayManageCourse(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || courseRole === 'professor';
}

/** Who may see the state of the event store and of what is built from it. */
export function maySeeSystem(role: Role): boolean {
  return role === 'auditor' || role === 'admin';
}

/** Who sees the list of a course's members. Students see their teammates where they work together. */
export function maySeeRoster(courseRole: string): boolean {
  return teaches(courseRole) || courseRole === 'auditor';
}

/** Who administers accounts: roles, deactivation, passwords, other people's sessions. */
export function mayAdministerAccounts(role: Role | 'system'): boolean {
  return role === 'admin' || role === 'system';
}

/** Whether somebody who may manage a course may make accounts for people of this role in it. */
export function mayMakeAccount(role: Role | 'system', courseRole: CourseRole): boolean {
  return role === 'admin' || role === 'system' || courseRole === 'student' || courseRole === 'assistant';
}

/**
 * Who may change what an account is called and which e-mail address it has. Not a professor: accounts are not the course's,
 * and where people sign in by OpenID Connect the address may decide which account is theirs.
 */
export function mayDescribeAccount(role: Role | 'system'): boolean {
  return role === 'admin' || role === 'system';
}
