import { describe, expect, it } from '@jest/globals';
import { courseDecider, type CourseEvent } from './course.js';
import { asId, type CourseId, type UserId } from './identifiers.js';
import { RESTRICTED_MODULES, refusedModules } from './restricted-module.js';
import { scenario } from './scenario.js';

const id = asId<CourseId>('00000000-0000-4000-8000-00000000000c');
const user = asId<UserId>('00000000-0000-4000-8000-000000000001');
const created: CourseEvent = { type: 'CourseCreated', data: { id, title: 'Python' } };
const enrolled: CourseEvent = { type: 'MemberEnrolled', data: { user, role: 'student' } };
const section: CourseEvent = { type: 'SectionAdded', data: { name: 'Tests' } };
const { given } = scenario(courseDecider);

describe('course', () => {
  it('is created with its sections, once', () => {
    const create = { kind: 'create', id, title: ' Python ', sections: ['Tests'] } as const;
    expect(given().when(create)).toEqual([created, section]);
    expect(given(created).refused(create)).toBe('already-exists');
  });

  it('bounds titles and section names', () => {
    const create = (title: string, sections: string[] = []) => ({ kind: 'create', id, title, sections }) as const;
    expect(given().when(create('x'.repeat(120)))).toHaveLength(1);
    expect(given().refused(create('x'.repeat(121)))).toBe('invalid-value');
    expect(given().refused(create('ok', ['']))).toBe('invalid-value');
  });

  it('enrols a person once for each role', () => {
    expect(given(created).when({ kind: 'enrol', user, role: 'student' })).toEqual([enrolled]);
    expect(given(created, enrolled).when({ kind: 'enrol', user, role: 'student' })).toEqual([]);
    expect(given(created, enrolled).when({ kind: 'enrol', user, role: 'professor' })).toHaveLength(1);
    expect(given().refused({ kind: 'enrol', user, role: 'student' })).toBe('not-found');
  });

  it('decides on a module once for each answer, and only on those there are rules for', () => {
    const decide = (module: string, allowed: boolean) => ({ kind: 'decideModule', module, allowed }) as const;
    const allowed: CourseEvent = { type: 'ModuleAllowed', data: { module: 'subprocess' } };
    const refused: CourseEvent = { type: 'ModuleRefused', data: { module: 'subprocess' } };
    expect(given(created).when(decide('subprocess', true))).toEqual([allowed]);
    expect(given(created).when(decide('subprocess', false))).toEqual([refused]);
    expect(given(created, allowed).when(decide('subprocess', true))).toEqual([]);
    expect(given(created, allowed).when(decide('subprocess', false))).toEqual([refused]);
    expect(given(created, allowed, refused).when(decide('subprocess', true))).toEqual([allowed]);
    expect(given(created).refused(decide('os', true))).toBe('not-found');
    expect(given().refused(decide('subprocess', true))).toBe('not-found');
  });

  it('refuses what the installation refuses, but for its own decisions', () => {
    const decided = new Map([
      ['subprocess', true],
      ['ctypes', false],
    ] as const);
    expect(refusedModules(['subprocess', 'os.fork'], decided)).toEqual(['os.fork', 'ctypes']);
    expect(refusedModules([], new Map())).toEqual([]);
    expect(refusedModules(RESTRICTED_MODULES, new Map())).toEqual(RESTRICTED_MODULES);
  });

  it('removes only members', () => {
    expect(given(created, enrolled).when({ kind: 'removeMember', user })).toEqual([
      { type: 'MemberRemoved', data: { user } },
    ]);
    expect(given(created).when({ kind: 'removeMember', user })).toEqual([]);
  });

  it('has each section once', () => {
    expect(given(created).when({ kind: 'addSection', name: 'Tests' })).toEqual([section]);
    expect(given(created, section).when({ kind: 'addSection', name: ' Tests ' })).toEqual([]);
  });

  describe('invitations', () => {
    const DAY = 86_400_000;
    const invitation = '00000000-0000-4000-8000-0000000000aa';
    const other = asId<UserId>('00000000-0000-4000-8000-000000000002');
    const invite = { kind: 'invite', invitation, now: 1000, expiresAt: 1000 + DAY, mostUses: 1 } as const;
    const made: CourseEvent = {
      type: 'InvitationCreated',
      data: { invitation, role: 'student', expiresAt: 1000 + DAY, mostUses: 1 },
    };
    const used: CourseEvent = { type: 'InvitationUsed', data: { invitation, user } };
    const use = { kind: 'useInvitation', invitation, user, now: 1001 } as const;

    it('are made once, for 1 to 1000 people, for at most 180 days', () => {
      expect(given(created).when(invite)).toEqual([made]);
      expect(given(created, made).refused(invite)).toBe('already-exists');
      expect(given().refused(invite)).toBe('not-found');
      expect(given(created).when({ ...invite, expiresAt: 1000 + 180 * DAY, mostUses: 1000 })).toHaveLength(1);
      for (const wrong of [{ expiresAt: 1001 + 180 * DAY }, { expiresAt: 1000 }, { mostUses: 0 }, { mostUses: 1001 }])
        expect(given(created).refused({ ...invite, ...wrong })).toBe('invalid-value');
      expect(given(created).refused({ ...invite, mostUses: 1.5 })).toBe('invalid-value');
    });

    it('bring somebody in and count it in one step, to the last millisecond and the last use', () => {
      expect(given(created, made).when(use)).toEqual([used, enrolled]);
      expect(given(created, made).when({ ...use, now: 999 + DAY })).toHaveLength(2);
      expect(given(created, made).refused({ ...use, now: 1000 + DAY })).toBe('not-active');
      expect(given(created, made, used, enrolled).refused({ ...use, user: other })).toBe('not-active');
      expect(given(created, made, used, enrolled).when(use)).toEqual([]); // who is in is in
    });

    it('are revoked once', () => {
      const revoke = { kind: 'revokeInvitation', invitation } as const;
      const revoked: CourseEvent = { type: 'InvitationRevoked', data: { invitation } };
      expect(given(created, made).when(revoke)).toEqual([revoked]);
      expect(given(created, made, revoked).when(revoke)).toEqual([]);
      expect(given(created).refused(revoke)).toBe('not-found');
      expect(given(created, made, revoked).refused(use)).toBe('not-active');
    });
  });
});
