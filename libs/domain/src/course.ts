import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, UserId } from './identifiers.js';
import { isRestrictedModule, type RestrictedModule } from './restricted-module.js';

export type CourseRole = 'student' | 'assistant' | 'professor' | 'auditor';
export const COURSE_ROLES: readonly CourseRole[] = ['student', 'assistant', 'professor', 'auditor'];

export interface CourseCreated {
  readonly type: 'CourseCreated';
  readonly data: { readonly id: CourseId; readonly title: string };
}
export interface MemberEnrolled {
  readonly type: 'MemberEnrolled';
  readonly data: { readonly user: UserId; readonly role: CourseRole };
}
export interface MemberRemoved {
  readonly type: 'MemberRemoved';
  readonly data: { readonly user: UserId };
}
/** A link with which people make an account and become students. Its token is not in the log. */
export interface InvitationCreated {
  readonly type: 'InvitationCreated';
  readonly data: {
    readonly invitation: string;
    readonly role: 'student';
    /** Milliseconds since 1970. */
    readonly expiresAt: number;
    readonly mostUses: number;
  };
}
export interface InvitationUsed {
  readonly type: 'InvitationUsed';
  readonly data: { readonly invitation: string; readonly user: UserId };
}
export interface InvitationRevoked {
  readonly type: 'InvitationRevoked';
  readonly data: { readonly invitation: string };
}
/** A part of the course that items are published in, such as "Assignments". */
export interface SectionAdded {
  readonly type: 'SectionAdded';
  readonly data: { readonly name: string };
}
/** Programs of students may use it from here on, whatever the installation's default is. */
export interface ModuleAllowed {
  readonly type: 'ModuleAllowed';
  readonly data: { readonly module: RestrictedModule };
}
/** Programs of students may not use it from here on, whatever the installation's default is. */
export interface ModuleRefused {
  readonly type: 'ModuleRefused';
  readonly data: { readonly module: RestrictedModule };
}
export type CourseEvent =
  | CourseCreated
  | MemberEnrolled
  | MemberRemoved
  | SectionAdded
  | ModuleAllowed
  | ModuleRefused
  | InvitationCreated
  | InvitationUsed
  | InvitationRevoked;

export type CourseCommand =
  | { readonly kind: 'create'; readonly id: CourseId; readonly title: string; readonly sections: readonly string[] }
  | { readonly kind: 'enrol'; readonly user: UserId; readonly role: CourseRole }
  | { readonly kind: 'removeMember'; readonly user: UserId }
  | {
      readonly kind: 'invite';
      readonly invitation: string;
      readonly now: number;
      readonly expiresAt: number;
      readonly mostUses: number;
    }
  | { readonly kind: 'useInvitation'; readonly invitation: string; readonly user: UserId; readonly now: number }
  | { readonly kind: 'revokeInvitation'; readonly invitation: string }
  | { readonly kind: 'addSection'; readonly name: string }
  | { readonly kind: 'decideModule'; readonly module: string; readonly allowed: boolean };

export interface Invitation {
  readonly expiresAt: number;
  readonly mostUses: number;
  readonly uses: number;
  readonly revoked: boolean;
}

export interface CourseState {
  readonly exists: boolean;
  readonly title: string;
  readonly members: ReadonlyMap<UserId, CourseRole>;
  readonly sections: readonly string[];
  /** What the course itself has decided on; for the others the installation's default holds. True: allowed. */
  readonly modules: ReadonlyMap<RestrictedModule, boolean>;
  readonly invitations: ReadonlyMap<string, Invitation>;
}

const MAX_TITLE = 120;

const DAY_MS = 86_400_000;
/** Longest life of an invitation, days, and most accounts that one may make. */
export const INVITATION_MOST_DAYS = 180;
export const INVITATION_MOST_USES = 1000;

function titleProblem(what: string, title: string): string | undefined {
  const length = title.trim().length;
  return length === 0 || length > MAX_TITLE ? `${what} has 1 to ${MAX_TITLE} characters.` : undefined;
}

function create(command: Extract<CourseCommand, { kind: 'create' }>, state: CourseState): Decision<CourseEvent> {
  if (state.exists) return reject('already-exists', 'This course exists already.');
  const problem = titleProblem('A title', command.title) ?? firstProblem(command.sections);
  if (problem !== undefined) return reject('invalid-value', problem);
  return accept<CourseEvent>(
    { type: 'CourseCreated', data: { id: command.id, title: command.title.trim() } },
    ...command.sections.map((name): SectionAdded => ({ type: 'SectionAdded', data: { name: name.trim() } })),
  );
}

function firstProblem(sections: readonly string[]): string | undefined {
  return sections.map((name) => titleProblem('The name of a section', name)).find((problem) => problem !== undefined);
}

type Invite = Extract<CourseCommand, { kind: 'invite' }>;

function invite({ invitation, now, expiresAt, mostUses }: Invite, state: CourseState): Decision<CourseEvent> {
  if (state.invitations.has(invitation)) return reject('already-exists', 'There is an invitation with this id.');
  if (!(expiresAt > now && expiresAt <= now + INVITATION_MOST_DAYS * DAY_MS))
    return reject('invalid-value', `An invitation ends in the future, at most ${INVITATION_MOST_DAYS} days from now.`);
  if (!Number.isInteger(mostUses) || mostUses < 1 || mostUses > INVITATION_MOST_USES)
    return reject('invalid-value', `An invitation is for 1 to ${INVITATION_MOST_USES} people.`);
  return accept({ type: 'InvitationCreated', data: { invitation, role: 'student', expiresAt, mostUses } });
}

/** Why an invitation cannot be used at `now`, milliseconds since 1970; undefined if it can. */
export function invitationProblem(invitation: Invitation | undefined, now: number): string | undefined {
  if (!invitation || invitation.revoked) return 'This invitation is not valid any more: ask for a new link.';
  if (now >= invitation.expiresAt) return 'The time of this invitation is over: ask for a new link.';
  if (invitation.uses >= invitation.mostUses) return 'This invitation has been used up: ask for a new link.';
  return undefined;
}

type UseInvitation = Extract<CourseCommand, { kind: 'useInvitation' }>;

/** Used and enrolled in one step, so that no use is counted that brought nobody in. */
function takeUp({ invitation, user, now }: UseInvitation, state: CourseState): Decision<CourseEvent> {
  if (state.members.has(user)) return accept();
  const problem = invitationProblem(state.invitations.get(invitation), now);
  if (problem !== undefined) return reject('not-active', problem);
  return accept<CourseEvent>(
    { type: 'InvitationUsed', data: { invitation, user } },
    { type: 'MemberEnrolled', data: { user, role: 'student' } },
  );
}

function decide(command: CourseCommand, state: CourseState): Decision<CourseEvent> {
  if (command.kind === 'create') return create(command, state);
  if (!state.exists) return reject('not-found', 'There is no such course.');
  switch (command.kind) {
    case 'invite':
      return invite(command, state);
    case 'useInvitation':
      return takeUp(command, state);
    case 'revokeInvitation': {
      const known = state.invitations.get(command.invitation);
      if (!known) return reject('not-found', 'There is no such invitation.');
      if (known.revoked) return accept();
      return accept({ type: 'InvitationRevoked', data: { invitation: command.invitation } });
    }
    case 'enrol':
      if (!COURSE_ROLES.includes(command.role))
        return reject('invalid-value', `There is no role "${String(command.role)}" in a course.`);
      if (state.members.get(command.user) === command.role) return accept();
      return accept({ type: 'MemberEnrolled', data: { user: command.user, role: command.role } });
    case 'removeMember':
      if (!state.members.has(command.user)) return accept();
      return accept({ type: 'MemberRemoved', data: { user: command.user } });
    case 'addSection': {
      const problem = titleProblem('The name of a section', command.name);
      if (problem !== undefined) return reject('invalid-value', problem);
      if (state.sections.includes(command.name.trim())) return accept();
      return accept({ type: 'SectionAdded', data: { name: command.name.trim() } });
    }
    case 'decideModule': {
      const { module, allowed } = command;
      if (!isRestrictedModule(module)) return reject('not-found', `There is no rule for a module "${module}".`);
      if (state.modules.get(module) === allowed) return accept();
      return accept({ type: allowed ? 'ModuleAllowed' : 'ModuleRefused', data: { module } });
    }
  }
}

function withInvitation(state: CourseState, id: string, invitation: Invitation): CourseState {
  return { ...state, invitations: new Map(state.invitations).set(id, invitation) };
}

function evolve(state: CourseState, event: CourseEvent): CourseState {
  switch (event.type) {
    case 'CourseCreated':
      return { ...state, exists: true, title: event.data.title };
    case 'MemberEnrolled':
      return { ...state, members: new Map(state.members).set(event.data.user, event.data.role) };
    case 'MemberRemoved':
      return { ...state, members: new Map([...state.members].filter(([user]) => user !== event.data.user)) };
    case 'SectionAdded':
      return { ...state, sections: [...state.sections, event.data.name] };
    case 'ModuleAllowed':
    case 'ModuleRefused':
      return { ...state, modules: new Map(state.modules).set(event.data.module, event.type === 'ModuleAllowed') };
    case 'InvitationCreated': {
      const { invitation, expiresAt, mostUses } = event.data;
      return withInvitation(state, invitation, { expiresAt, mostUses, uses: 0, revoked: false });
    }
    case 'InvitationUsed': {
      const known = state.invitations.get(event.data.invitation);
      return known ? withInvitation(state, event.data.invitation, { ...known, uses: known.uses + 1 }) : state;
    }
    case 'InvitationRevoked': {
      const known = state.invitations.get(event.data.invitation);
      return known ? withInvitation(state, event.data.invitation, { ...known, revoked: true }) : state;
    }
  }
}

/** Stream `course-<id>`: its members, sections and invitations. */
export const courseDecider: Decider<CourseState, CourseCommand, CourseEvent> = {
  initial: {
    ...{ exists: false, title: '', members: new Map(), sections: [], modules: new Map(), invitations: new Map() },
  },
  evolve,
  decide,
};
