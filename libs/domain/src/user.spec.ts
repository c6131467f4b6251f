import { describe, expect, it } from '@jest/globals';
import { asId, type UserId } from './identifiers.js';
import { scenario } from './scenario.js';
import { userDecider, type UserEvent } from './user.js';

const id = asId<UserId>('00000000-0000-4000-8000-000000000001');
const registered: UserEvent = {
  type: 'UserRegistered',
  data: { id, username: 'ada', displayName: 'Ada', role: 'student' },
};
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
    expect(given(registered).when({ kind: 'changeRole', role: 'professor' })).toEqual([
      { type: 'UserRoleChanged', data: { role: 'professor', was: 'student' } },
    ]);
    expect(given(registered).when({ kind: 'changeRole', role: 'student' })).toEqual([]);
  });

  it('changes nothing about people that are unknown or deactivated', () => {
    expect(given().refused({ kind: 'deactivate', reason: 'x' })).toBe('not-found');
    expect(given(registered, deactivated).refused({ kind: 'recordPasswordChange', by: 'self' })).toBe('not-active');
    expect(given(registered, deactivated).refused({ kind: 'deactivate', reason: 'again' })).toBe('not-active');
  });
});
