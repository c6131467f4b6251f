import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, UserId } from './identifiers.js';
import { isRestrictedModule, type RestrictedModule } from './restricted-module.js';

export type CourseRole = 'student' | 'professor' | 'auditor';

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
export type CourseEvent = CourseCreated | MemberEnrolled | MemberRemoved | SectionAdded | ModuleAllowed | ModuleRefused;

export type CourseCommand =
  | { readonly kind: 'create'; readonly id: CourseId; readonly title: string; readonly sections: readonly string[] }
  | { readonly kind: 'enrol'; readonly user: UserId; readonly role: CourseRole }
  | { readonly kind: 'removeMember'; readonly user: UserId }
  | { readonly kind: 'addSection'; readonly name: string }
  | { readonly kind: 'decideModule'; readonly module: string; readonly allowed: boolean };

export interface CourseState {
  readonly exists: boolean;
  readonly members: ReadonlyMap<UserId, CourseRole>;
  readonly sections: readonly string[];
  /** What the course itself has decided on; for the others the installation's default holds. True: allowed. */
  readonly modules: ReadonlyMap<RestrictedModule, boolean>;
}

const MAX_TITLE = 120;

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

function decide(command: CourseCommand, state: CourseState): Decision<CourseEvent> {
  if (command.kind === 'create') return create(command, state);
  if (!state.exists) return reject('not-found', 'There is no such course.');
  switch (command.kind) {
    case 'enrol':
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

function evolve(state: CourseState, event: CourseEvent): CourseState {
  switch (event.type) {
    case 'CourseCreated':
      return { ...state, exists: true };
    case 'MemberEnrolled':
      return { ...state, members: new Map(state.members).set(event.data.user, event.data.role) };
    case 'MemberRemoved':
      return { ...state, members: new Map([...state.members].filter(([user]) => user !== event.data.user)) };
    case 'SectionAdded':
      return { ...state, sections: [...state.sections, event.data.name] };
    case 'ModuleAllowed':
    case 'ModuleRefused':
      return { ...state, modules: new Map(state.modules).set(event.data.module, event.type === 'ModuleAllowed') };
  }
}

/** Stream `course-<id>`: its members and sections. */
export const courseDecider: Decider<CourseState, CourseCommand, CourseEvent> = {
  initial: { exists: false, members: new Map(), sections: [], modules: new Map() },
  evolve,
  decide,
};
