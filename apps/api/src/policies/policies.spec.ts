import { describe, expect, it } from '@jest/globals';
import type { Role } from '@palimpsest/domain';
import {
  allows,
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
  ['course', 'member', 'auditor', 'read'],
  ['course', 'stranger', undefined, 'none'],
  ['personal', 'owner', 'student', 'write'],
  ['personal', 'member', 'student', 'none'],
  ['personal', 'member', 'professor', 'read'],
  ['personal', 'member', 'auditor', 'read'],
  ['personal', 'owner', undefined, 'none'],
  ['personal', 'stranger', undefined, 'none'],
  ['material', 'member', 'student', 'read'],
  ['material', 'member', 'professor', 'write'],
  ['material', 'member', 'auditor', 'read'],
  ['material', 'stranger', undefined, 'none'],
];

describe('rights in a workspace', () => {
  it.each(TABLE)('%s, %s as %s: %s', (kind, relation, courseRole, right) => {
    const workspace = { kind, owner: 'owner' };
    const person = { id: relation === 'owner' ? 'owner' : 'other', role: 'student' as const };
    expect(workspaceRight(person, courseRole, workspace)).toBe(right);
    // A role in the installation gives no right in a course; only the administrator's does, and only to look.
    for (const role of ['professor', 'auditor'] satisfies Role[])
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
    const roles: Role[] = ['student', 'professor', 'auditor', 'admin'];
    expect(roles.filter(mayReadAuditLog)).toEqual(['auditor', 'admin']);
    expect(roles.filter(maySeeSystem)).toEqual(['auditor', 'admin']);
    expect(roles.filter(maySeeRoster)).toEqual(['professor', 'auditor']);
  });
});
