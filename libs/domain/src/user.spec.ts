import { describe, expect, it } from '@jest/globals';
import { asId, type UserId } from './identifiers.js';
import { scenario } from './scenario.js';
import { userDecider, type UserEvent } from './user.js';

const id = asId<UserId>('00000000-0000-4000-8000-000000000001');
const registered: UserEvent = {
  type: 'UserRegistered',
  data: { id, username: 'ada', displayName: 'Ada', role: 'student' },
};
const admin: UserEvent = { type: 'UserRegistered', data: { ...registered.data, role: 'admin' } as never };
const deactivated: UserEvent = { type: 'UserDeactivated', data: { reason: 'left' } };
const register = { kind: 'register', id, username: 'ada', displayName: ' Ada ', role: 'student' } as const;
const { given } = scenario(userDecider);

describe('user', () => {
  it('is registered once', () => {
    expect(given().when(register)).toEqual([registered]);
    expect(given(registered).refused(register)).toBe('already-exists');
  });

  it.each(['a', 'A', '1a', 'ada lovelace', 'ä', 'a'.repeat(33), ''])('refuses the user name %j', (username) => {
    expect(given().refused({ ...register, username })).toBe('invalid-value');
  });

  it.each(['ab', 'a'.repeat(32), 'a.b-c_9'])('takes the user name %j', (username) => {
    expect(given().when({ ...register, username })).toHaveLength(1);
  });

  it('bounds the display name', () => {
    expect(given().when({ ...register, displayName: 'x'.repeat(80) })).toHaveLength(1);
    expect(given().refused({ ...register, displayName: 'x'.repeat(81) })).toBe('invalid-value');
    expect(given().refused({ ...register, displayName: '   ' })).toBe('invalid-value');
  });

  it('records a role once and what it was before', () => {
    expect(given(registered).when({ kind: 'changeRole', role: 'professor', isLastAdmin: true })).toEqual([
      { type: 'UserRoleChanged', data: { role: 'professor', was: 'student' } },
    ]);
    expect(given(registered).when({ kind: 'changeRole', role: 'student', isLastAdmin: false })).toEqual([]);
  });

  it('changes nothing about people that are unknown or deactivated', () => {
    expect(given().refused({ kind: 'deactivate', reason: 'x', isLastAdmin: false })).toBe('not-found');
    expect(given(registered, deactivated).refused({ kind: 'recordPasswordChange', by: 'self' })).toBe('not-active');
    expect(given(registered, deactivated).refused({ kind: 'deactivate', reason: 'again', isLastAdmin: false })).toBe(
      'not-active',
    );
  });

  it('is deactivated and active again, in the role and with the name it had', () => {
    expect(given(registered).when({ kind: 'deactivate', reason: ' left ', isLastAdmin: false })).toEqual([deactivated]);
    expect(given(registered).refused({ kind: 'deactivate', reason: 'x'.repeat(201), isLastAdmin: false })).toBe(
      'invalid-value',
    );
    const reactivated: UserEvent = { type: 'UserReactivated', data: {} };
    expect(given(registered).when({ kind: 'reactivate' })).toEqual([]);
    expect(given(registered, deactivated).when({ kind: 'reactivate' })).toEqual([reactivated]);
    expect(given().refused({ kind: 'reactivate' })).toBe('not-found');
    expect(
      given(registered, deactivated, reactivated).when({ kind: 'changeRole', role: 'student', isLastAdmin: false }),
    ).toEqual([]);
  });

  it('is not the last administrator to go', () => {
    const demote = { kind: 'changeRole', role: 'student' } as const;
    const leave = { kind: 'deactivate', reason: '' } as const;
    expect(given(admin).refused({ ...demote, isLastAdmin: true })).toBe('last-administrator');
    expect(given(admin).refused({ ...leave, isLastAdmin: true })).toBe('last-administrator');
    expect(given(admin).when({ ...demote, isLastAdmin: false })).toHaveLength(1);
    expect(given(admin).when({ ...leave, isLastAdmin: false })).toHaveLength(1);
    expect(given(admin).when({ kind: 'changeRole', role: 'admin', isLastAdmin: true })).toEqual([]);
    expect(given(admin).refused({ kind: 'changeRole', role: 'king' as never, isLastAdmin: false })).toBe(
      'invalid-value',
    );
  });

  it('changes a name once, and keeps what it was', () => {
    expect(given(registered).when({ kind: 'rename', displayName: ' Ada King ' })).toEqual([
      { type: 'UserRenamed', data: { displayName: 'Ada King', was: 'Ada' } },
    ]);
    expect(given(registered).when({ kind: 'rename', displayName: 'Ada ' })).toEqual([]);
    expect(given(registered).refused({ kind: 'rename', displayName: ' ' })).toBe('invalid-value');
  });
});
