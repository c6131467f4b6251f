import { accept, reject, type Decider, type Decision } from './decider.js';
import type { UserId } from './identifiers.js';
import { ROLES, type Role } from './metadata.js';

export interface UserRegistered {
  readonly type: 'UserRegistered';
  readonly data: { readonly id: UserId; readonly username: string; readonly displayName: string; readonly role: Role };
}
export interface UserRoleChanged {
  readonly type: 'UserRoleChanged';
  readonly data: { readonly role: Role; readonly was: Role };
}
export interface UserDeactivated {
  readonly type: 'UserDeactivated';
  readonly data: { readonly reason: string };
}
/** That a password was set; never the password nor its hash. */
export interface PasswordChanged {
  readonly type: 'PasswordChanged';
  readonly data: { readonly by: 'self' | 'administrator' };
}
export type UserEvent = UserRegistered | UserRoleChanged | UserDeactivated | PasswordChanged;

export type UserCommand =
  | {
      readonly kind: 'register';
      readonly id: UserId;
      readonly username: string;
      readonly displayName: string;
      readonly role: Role;
    }
  | { readonly kind: 'changeRole'; readonly role: Role }
  | { readonly kind: 'deactivate'; readonly reason: string }
  | { readonly kind: 'recordPasswordChange'; readonly by: 'self' | 'administrator' };

export type UserState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'active'; readonly role: Role }
  | { readonly kind: 'deactivated'; readonly role: Role };

/** 2 to 32 of a–z, 0–9, dot, hyphen and underscore, beginning with a letter: safe in addresses, files and mentions. */
export const USERNAME = /^[a-z][a-z0-9._-]{1,31}$/;
const MAX_DISPLAY_NAME = 80;

type UserDecision = Decision<UserEvent>;

function register(command: Extract<UserCommand, { kind: 'register' }>, state: UserState): UserDecision {
  if (state.kind !== 'unknown') return reject('already-exists', 'This account exists already.');
  if (!USERNAME.test(command.username))
    return reject(
      'invalid-value',
      'A user name has 2 to 32 characters: small letters, digits, dot, hyphen, underscore; it begins with a letter.',
    );
  const displayName = command.displayName.trim();
  if (displayName === '' || displayName.length > MAX_DISPLAY_NAME)
    return reject('invalid-value', `A name has 1 to ${MAX_DISPLAY_NAME} characters.`);
  if (!ROLES.includes(command.role)) return reject('invalid-value', `There is no role "${command.role}".`);
  const { id, username, role } = command;
  return accept({ type: 'UserRegistered', data: { id, username, displayName, role } });
}

function decide(command: UserCommand, state: UserState): UserDecision {
  if (command.kind === 'register') return register(command, state);
  if (state.kind === 'unknown') return reject('not-found', 'There is no such account.');
  if (state.kind === 'deactivated') return reject('not-active', 'This account is deactivated.');
  switch (command.kind) {
    case 'changeRole':
      if (command.role === state.role) return accept();
      return accept({ type: 'UserRoleChanged', data: { role: command.role, was: state.role } });
    case 'deactivate':
      return accept({ type: 'UserDeactivated', data: { reason: command.reason } });
    case 'recordPasswordChange':
      return accept({ type: 'PasswordChanged', data: { by: command.by } });
  }
}

function evolve(state: UserState, event: UserEvent): UserState {
  switch (event.type) {
    case 'UserRegistered':
      return { kind: 'active', role: event.data.role };
    case 'UserRoleChanged':
      return state.kind === 'unknown' ? state : { ...state, role: event.data.role };
    case 'UserDeactivated':
      return state.kind === 'unknown' ? state : { kind: 'deactivated', role: state.role };
    case 'PasswordChanged':
      return state;
  }
}

/** Stream `user-<id>`: who exists and in which role. */
export const userDecider: Decider<UserState, UserCommand, UserEvent> = { initial: { kind: 'unknown' }, evolve, decide };
