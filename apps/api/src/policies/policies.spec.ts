import { describe, expect, it } from '@jest/globals';
import { COURSE_ROLES, type Role, ROLES } from '@palimpsest/domain';
import {
  allows,
  mayAdministerAccounts,
  mayDescribeAccount,
  mayMakeAccount,
  mayManageCourse,
  mayReadAuditLog,
  maySeeRoster,
  maySeeSystem,
  type WorkspaceRight,
  workspaceRight,
} from './policies.js';

type Cell = [
  kind: 'course' | 'personal' | 'material',
  relation: string,
  courseRole: string | undefined,
  right: WorkspaceRight,
];

/** Every kind of workspace × every relation to it. `owner` is the one whose workspace it is. */
const TABLE: readonly Cell[] = [
  ['course', 'member', 'student', 'write'],
  ['course', 'member', 'professor', 'write'],
  ['course', 'member', 'assistant', 'write'],
  ['course', 'member', 'auditor', 'read'],
  ['course', 'stranger', undefined, 'none'],
  ['personal', 'owner', 'student', 'write'],
  ['personal', 'member', 'student', 'none'],
  ['personal', 'member', 'professor', 'read'],
  ['personal', 'member', 'assistant', 'read'],
  ['personal', 'member', 'auditor', 'read'],
  ['personal', 'owner', undefined, 'none'],
  ['personal', 'stranger', undefined, 'none'],
  ['material', 'member', 'student', 'read'],
  ['material', 'member', 'professor', 'write'],
  ['material', 'member', 'assistant', 'write'],
  ['material', 'member', 'auditor', 'read'],
  ['material', 'stranger', undefined, 'none'],
];

describe('rights in a workspace', () => {
  it.each(TABLE)('%s, %s as %s: %s', (kind, relation, courseRole, right) => {
    const workspace = { kind, owner: 'owner' };
    const person = { id: relation === 'owner' ? 'owner' : 'other', role: 'student' as const };
    expect(workspaceRight(person, courseRole, workspace)).toBe(right);
    // A role in the installation gives no right in a course; only the administrator's does, and only to look.
    for (const role of ['assistant', 'professor', 'auditor'] satisfies Role[])
      expect(workspaceRight({ ...person, role }, courseRole, workspace)).toBe(right);
    expect(workspaceRight({ ...person, role: 'admin' }, courseRole, workspace)).toBe('read');
  });

  it.each([
    ['write', true, true, true],
    ['read', true, false, false],
    ['none', false, false, false],
  ] as const)('%s allows to see %s, to edit %s, to run %s', (right, see, edit, run) => {
    expect([allows(right, 'see'), allows(right, 'edit'), allows(right, 'run')]).toEqual([see, edit, run]);
  });

  it('lets auditors and administrators alone read the log and see the system, and staff alone the roster', () => {
    expect(ROLES.filter(mayReadAuditLog)).toEqual(['auditor', 'admin']);
    expect(ROLES.filter(maySeeSystem)).toEqual(['auditor', 'admin']);
    expect(COURSE_ROLES.filter(maySeeRoster)).toEqual(['assistant', 'professor', 'auditor']);
  });

  it('lets administrators alone administer accounts, and professors make those of students and assistants', () => {
    expect(ROLES.filter(mayAdministerAccounts)).toEqual(['admin']);
    expect(ROLES.filter(mayDescribeAccount)).toEqual(['admin']);
    expect(COURSE_ROLES.filter((wanted) => mayMakeAccount('professor', wanted))).toEqual(['student', 'assistant']);
    expect(COURSE_ROLES.filter((wanted) => mayMakeAccount('admin', wanted))).toEqual(COURSE_ROLES);
  });

  it('lets professors of a course and administrators decide about it; an assistant does not', () => {
    expect(COURSE_ROLES.filter((courseRole) => mayManageCourse('professor', courseRole))).toEqual(['professor']);
    expect(ROLES.filter((role) => mayManageCourse(role, undefined))).toEqual(['admin']);
  });
});
