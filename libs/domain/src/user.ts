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
export interface UserRenamed {
  readonly type: 'UserRenamed';
  readonly data: { readonly displayName: string; readonly was: string };
}
export interface UserDeactivated {
  readonly type: 'UserDeactivated';
  readonly data: { readonly reason: string };
}
export interface UserReactivated {
  readonly type: 'UserReactivated';
  readonly data: Readonly<Record<string, never>>;
}
/** That an e-mail address was set or replaced; never the address, which a log could not forget. */
export interface EmailChanged {
  readonly type: 'EmailChanged';
  readonly data: Readonly<Record<string, never>>;
}
/** From here on whoever `issuer` (OpenID Connect) says to be this person may sign in. Never the issuer's own id of the person. */
export interface IdentityLinked {
  readonly type: 'IdentityLinked';
  readonly data: { readonly issuer: string; readonly by: LinkedBy };
}
/** How the account was found, or that it was made for the purpose. */
export type LinkedBy = 'email' | 'username' | 'new-account';
/** That a password was set; never the password nor its hash. */
export interface PasswordChanged {
  readonly type: 'PasswordChanged';
  readonly data: { readonly by: 'self' | 'administrator' };
}
export type UserEvent =
  | UserRegistered
  | UserRoleChanged
  | UserRenamed
  | UserDeactivated
  | UserReactivated
  | EmailChanged
  | IdentityLinked
  | PasswordChanged;

export type UserCommand =
  | {
      readonly kind: 'register';
      readonly id: UserId;
      readonly username: string;
      readonly displayName: string;
      readonly role: Role;
    }
  | { readonly kind: 'changeRole'; readonly role: Role; readonly isLastAdmin: boolean }
  | { readonly kind: 'rename'; readonly displayName: string }
  | { readonly kind: 'deactivate'; readonly reason: string; readonly isLastAdmin: boolean }
  | { readonly kind: 'reactivate' }
  | { readonly kind: 'recordEmailChange' }
  | { readonly kind: 'linkIdentity'; readonly issuer: string; readonly by: LinkedBy }
  | { readonly kind: 'recordPasswordChange'; readonly by: 'self' | 'administrator' };

export type UserState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'active'; readonly role: Role; readonly displayName: string }
  | { readonly kind: 'deactivated'; readonly role: Role; readonly displayName: string };

/** 2 to 32 of a–z, 0–9, dot, hyphen and underscore, beginning with a letter: safe in addresses, files and mentions. */
export const USERNAME = /^[a-z][a-z0-9._-]{1,31}$/;
/** Characters of a name as others see it. */
export const MAX_DISPLAY_NAME = 80;
const MAX_REASON = 200;

const NAME_RULE = `A name has 1 to ${MAX_DISPLAY_NAME} characters.`;

type UserDecision = Decision<UserEvent>;

function isDisplayName(name: string): boolean {
  return name !== '' && name.length <= MAX_DISPLAY_NAME;
}

function register(command: Extract<UserCommand, { kind: 'register' }>, state: UserState): UserDecision {
  if (state.kind !== 'unknown') return reject('already-exists', 'This account exists already.');
  if (!USERNAME.test(command.username))
    return reject(
      'invalid-value',
      'A user name has 2 to 32 characters: small letters, digits, dot, hyphen, underscore; it begins with a letter.',
    );
  const displayName = command.displayName.trim();
  if (!isDisplayName(displayName)) return reject('invalid-value', NAME_RULE);
  if (!ROLES.includes(command.role)) return reject('invalid-value', `There is no role "${command.role}".`);
  const { id, username, role } = command;
  return accept({ type: 'UserRegistered', data: { id, username, displayName, role } });
}

const LAST_ADMIN = 'This is the last active administrator: make somebody else one first.';

function rename(displayName: string, state: Extract<UserState, { kind: 'active' }>): UserDecision {
  if (!isDisplayName(displayName)) return reject('invalid-value', NAME_RULE);
  if (displayName === state.displayName) return accept();
  return accept({ type: 'UserRenamed', data: { displayName, was: state.displayName } });
}

function decide(command: UserCommand, state: UserState): UserDecision {
  if (command.kind === 'register') return register(command, state);
  if (state.kind === 'unknown') return reject('not-found', 'There is no such account.');
  if (command.kind === 'reactivate')
    return state.kind === 'active' ? accept() : accept({ type: 'UserReactivated', data: {} });
  if (state.kind === 'deactivated') return reject('not-active', 'This account is deactivated.');
  switch (command.kind) {
    case 'changeRole':
      if (!ROLES.includes(command.role)) return reject('invalid-value', `There is no role "${command.role}".`);
      if (command.role === state.role) return accept();
      if (state.role === 'admin' && command.isLastAdmin) return reject('last-administrator', LAST_ADMIN);
      return accept({ type: 'UserRoleChanged', data: { role: command.role, was: state.role } });
    case 'rename':
      return rename(command.displayName.trim(), state);
    case 'deactivate':
      if (state.role === 'admin' && command.isLastAdmin) return reject('last-administrator', LAST_ADMIN);
      if (command.reason.trim().length > MAX_REASON)
        return reject('invalid-value', `A reason has at most ${MAX_REASON} characters.`);
      return accept({ type: 'UserDeactivated', data: { reason: command.reason.trim() } });
    case 'recordEmailChange':
      return accept({ type: 'EmailChanged', data: {} });
    case 'linkIdentity':
      return accept({ type: 'IdentityLinked', data: { issuer: command.issuer, by: command.by } });
    case 'recordPasswordChange':
      return accept({ type: 'PasswordChanged', data: { by: command.by } });
  }
}

function evolve(state: UserState, event: UserEvent): UserState {
  switch (event.type) {
    case 'UserRegistered':
      return { kind: 'active', role: event.data.role, displayName: event.data.displayName };
    case 'UserRoleChanged':
      return state.kind === 'unknown' ? state : { ...state, role: event.data.role };
    case 'UserDeactivated':
      return state.kind === 'unknown' ? state : { ...state, kind: 'deactivated' };
    case 'UserReactivated':
      return state.kind === 'unknown' ? state : { ...state, kind: 'active' };
    case 'UserRenamed':
      return state.kind === 'unknown' ? state : { ...state, displayName: event.data.displayName };
    case 'EmailChanged':
    case 'IdentityLinked':
    case 'PasswordChanged':
      return state;
  }
}

/** Stream `user-<id>`: who exists and in which role. */
export const userDecider: Decider<UserState, UserCommand, UserEvent> = { initial: { kind: 'unknown' }, evolve, decide };
