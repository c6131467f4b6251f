import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, UserId } from './identifiers.js';

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
export type CourseEvent = CourseCreated | MemberEnrolled | MemberRemoved | SectionAdded;

export type CourseCommand =
  | { readonly kind: 'create'; readonly id: CourseId; readonly title: string; readonly sections: readonly string[] }
  | { readonly kind: 'enrol'; readonly user: UserId; readonly role: CourseRole }
  | { readonly kind: 'removeMember'; readonly user: UserId }
  | { readonly kind: 'addSection'; readonly name: string };

export interface CourseState {
  readonly exists: boolean;
  readonly members: ReadonlyMap<UserId, CourseRole>;
  readonly sections: readonly string[];
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
  }
}

/** Stream `course-<id>`: its members and sections. */
export const courseDecider: Decider<CourseState, CourseCommand, CourseEvent> = {
  initial: { exists: false, members: new Map(), sections: [] },
  evolve,
  decide,
};
