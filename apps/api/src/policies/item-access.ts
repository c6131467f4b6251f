import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { isId, phaseOf, type ItemPhase, type Schedule } from '@palimpsest/domain';
import { DirectoryQueries, ItemQueries, type PersonalItemRow, scheduleOf } from '@palimpsest/projections';
import type { Principal } from '../auth/principal.js';
import { type Action, type Asker, type Facts, may } from './permission-table.js';
import { refusing } from './refusal.js';

/** An item as it stands for the person who asks. */
export interface OpenItem {
  readonly item: PersonalItemRow;
  readonly courseRole: string | undefined;
  readonly schedule: Schedule;
  readonly phase: ItemPhase;
}

const NO_ITEM = 'There is no such item, or it is not yours to see.';
const NO_COURSE = 'There is no such course, or it is not yours to see.';

export function askerOf({ userId, role }: Principal): Asker {
  return { id: userId, role };
}

/** Looks up what a course publishes and asks the policies. What a person may not see looks as if it did not exist. */
@Injectable()
export class ItemAccess {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly items: ItemQueries,
  ) {}

  /** Throws 404 for an item that is not there or must not be seen, 403 for one with which `action` is not allowed. */
  async require(person: Principal, id: string, action: Action): Promise<OpenItem> {
    const item = isId(id) ? await this.items.personal(id, person.userId) : undefined;
    const courseRole = item && (await this.directory.courseRole(item.course, person.userId));
    if (!item) throw new NotFoundException(NO_ITEM);
    const schedule = scheduleOf(item);
    const phase = phaseOf(schedule, Date.now());
    const facts: Facts = { courseRole, item: { kind: item.kind, phase } };
    if (!may(askerOf(person), 'item.see', facts)) throw new NotFoundException(NO_ITEM);
    if (!may(askerOf(person), action, facts)) throw refusal(action, `item ${id}`, item.course);
    return { item, courseRole, schedule, phase };
  }

  /** The role of the person in the course; `about`: whom the action is about. Throws 404 for a course that is not the person's, 403 where not allowed. */
  async requireCourse(person: Principal, id: string, action: Action, about?: string): Promise<string | undefined> {
    const courseRole = isId(id) ? await this.directory.courseRole(id, person.userId) : undefined;
    if (!may(askerOf(person), 'items.list', { courseRole })) throw new NotFoundException(NO_COURSE);
    const facts: Facts = { courseRole, ...(about !== undefined && { person: about }) };
    if (!may(askerOf(person), action, facts)) throw refusal(action, `course ${id}`, id);
    return courseRole;
  }
}

/** Of a member, so it says what it is about, and is recorded. */
function refusal(action: Action, object: string, course: string): Error {
  const what = REFUSED[action] ?? 'do this';
  return refusing(new ForbiddenException(`You may not ${what} here.`), { what, object, about: { course } });
}

const REFUSED: Readonly<Partial<Record<Action, string>>> = {
  'item.manage': 'decide about what the course publishes',
  'item.overview': 'see how everybody stands',
  'item.copy': 'open this for yourself',
  'metrics.class': 'see the figures of the class',
  'metrics.person': 'see the figures of others',
};
