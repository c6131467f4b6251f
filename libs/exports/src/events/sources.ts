import { readMetadata } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { Source } from '../in-log-order.js';
import type { CourseScope, WorkScope } from '../scope.js';
import type { Share } from './event-lines.js';

/** All streams of these workspaces. */
export function sourcesOfWork({ workspaces, files, runs }: WorkScope): Source[] {
  return [
    ...workspaces.map(({ id, openedAt }) => ({ stream: `workspace-${id}`, since: openedAt })),
    ...files.map(({ id, createdAt }) => ({ stream: `file-${id}`, since: createdAt })),
    ...runs.map(({ id, requestedAt }) => ({ stream: `run-${id}`, since: requestedAt })),
  ];
}

/** All streams of a course: itself, what it publishes, its workspaces. Accounts and sessions are not the course's. */
export function sourcesOfCourse(scope: CourseScope): Source[] {
  const { course, createdAt, items } = scope;
  return [
    { stream: `course-${course}`, since: createdAt },
    ...items.map(({ id }) => ({ stream: `item-${id}`, since: createdAt })),
    ...sourcesOfWork(scope),
  ];
}

/** For whoever may see the addresses of everybody (`seesAll`), or only their own. */
export function sharedWith(person: string, seesAll: boolean): (event: RecordedEvent) => Share {
  return (event) => (seesAll || readMetadata(event).actor.id === person ? 'whole' : 'reduced');
}

/**
 * What is about one person: what they did, wherever; what was done to them; and what happened in the streams of their own
 * work, where other people's events are needed to read it. Of everything else nothing.
 */
export function sharedWithSubject(person: string, own: ReadonlySet<string>): (event: RecordedEvent) => Share {
  return (event) => {
    const { actor, subject } = readMetadata(event);
    if (actor.id === person) return 'whole';
    return subject === person || own.has(event.stream) ? 'reduced' : 'none';
  };
}
