import type { CourseRole, ItemKind, ItemPhase, Role } from '@palimpsest/domain';

/** What is asked for. `run` and `edit` need to write; `see` covers reading, history and attaching to a run. */
export type WorkspaceAction = 'see' | 'edit' | 'run';

export type WorkspaceRight = 'write' | 'read' | 'none';

export interface WorkspaceFacts {
  readonly kind: 'course' | 'personal' | 'material' | 'copy';
  readonly owner: string;
  /** Of what a course publishes, and of copies of it. */
  readonly item?: ItemFacts | undefined;
}

/** Where the item of a workspace stands now for those whose work it is, and whether it is the person's own or their group's. */
export interface ItemFacts {
  readonly phase: ItemPhase;
  readonly holds: boolean;
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
      if (teaches(courseRole)) return 'write';
      return workspace.item === undefined || isOverseer(courseRole) || hasBegun(workspace.item.phase) ? 'read' : 'none';
    case 'copy':
      return rightInCopy(courseRole, workspace.item);
  }
}

/** Those who look at the work of others: they read what there is at any time, and change nothing of it. */
function isOverseer(courseRole: string): boolean {
  return teaches(courseRole) || courseRole === 'auditor';
}

/** Those who publish, set times, extend, form groups, and see who has done what. */
export function teaches(courseRole: string | undefined): boolean {
  return courseRole === 'professor' || courseRole === 'assistant';
}

/** Students see what is published: before its time they do not, and after its withdrawal neither. */
function hasBegun(phase: ItemPhase): boolean {
  return phase === 'open' || phase === 'late' || phase === 'locked';
}

/** Those whose work it is write while it is open or late, and may read it for ever once it had begun. */
function rightInCopy(courseRole: string, item: ItemFacts | undefined): WorkspaceRight {
  if (isOverseer(courseRole)) return 'read';
  if (courseRole !== 'student' || !item?.holds) return 'none';
  switch (item.phase) {
    case 'open':
    case 'late':
      return 'write';
    case 'locked':
    case 'withdrawn':
      return 'read';
    case 'draft':
    case 'announced':
      return 'none';
  }
}

/** Who sees that an item is there, with its title and times. */
export function maySeeItem(role: Role, courseRole: string | undefined, phase: ItemPhase): boolean {
  if (role === 'admin') return true;
  if (courseRole === undefined) return false;
  return isOverseer(courseRole) || hasBegun(phase) || phase === 'announced';
}

/** Who sees what is in it, not only that it is there. Administrators look everywhere. */
export function maySeeContents(courseRole: string | undefined, phase: ItemPhase): boolean {
  return courseRole !== undefined && (isOverseer(courseRole) || hasBegun(phase));
}

/** Who gets a copy of an item: of material whoever reads it to learn or to teach, of work its students while it is open. */
export function mayTakeCopy(role: Role, courseRole: string | undefined, kind: ItemKind, phase: ItemPhase): boolean {
  if (role === 'admin') return false;
  if (kind === 'material') return teaches(courseRole) || (courseRole === 'student' && hasBegun(phase));
  return courseRole === 'student' && (phase === 'open' || phase === 'late');
}

/** Who publishes in a course and decides about what is published. */
export function mayManageItems(role: Role, courseRole: string | undefined): boolean {
  return role !== 'admin' && teaches(courseRole);
}

/** Who sees how everybody stands with an item. */
export function maySeeOverview(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || (courseRole !== undefined && isOverseer(courseRole));
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

/** Who sees figures about a class. */
export function maySeeMetrics(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || (courseRole !== undefined && isOverseer(courseRole));
}

/** Who may see the state of the event store and of what is built from it. */
export function maySeeSystem(role: Role): boolean {
  return role === 'auditor' || role === 'admin';
}

/** Who asks for the proof of any event, and has a checkpoint signed. What was signed is for everybody to see. */
export function mayProveEvents(role: Role): boolean {
  return role === 'auditor' || role === 'admin';
}

/** Who sees what another person has done in a course, and when: those who oversee it. */
export function maySeeActivity(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || (courseRole !== undefined && isOverseer(courseRole));
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

/** Who takes everything that a course has recorded out of the classroom: those who answer for the course, or watch over it. */
export function mayExportCourse(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || courseRole === 'professor' || courseRole === 'auditor';
}

/** Who takes out a dataset that says who everybody is. Not professors: what they study needs no names. */
export function mayIdentify(role: Role, courseRole: string | undefined): boolean {
  return role === 'admin' || courseRole === 'auditor';
}
