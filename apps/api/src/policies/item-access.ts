import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { isId, phaseOf, type ItemPhase, type Schedule } from '@palimpsest/domain';
import { DirectoryQueries, ItemQueries, type PersonalItemRow, scheduleOf } from '@palimpsest/projections';
import type { Request } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { type Action, type Asker, type Facts, may } from './permission-table.js';

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
    private readonly log: AuditLog,
  ) {}

  /** Throws 404 for an item that is not there or must not be seen, 403 for one with which `action` is not allowed. */
  async require(person: Principal, id: string, action: Action, request: Request): Promise<OpenItem> {
    const item = isId(id) ? await this.items.personal(id, person.userId) : undefined;
    const courseRole = item && (await this.directory.courseRole(item.course, person.userId));
    if (!item) throw new NotFoundException(NO_ITEM);
    const schedule = scheduleOf(item);
    const phase = phaseOf(schedule, Date.now());
    const facts: Facts = { courseRole, item: { kind: item.kind, phase } };
    if (!may(askerOf(person), 'item.see', facts)) throw new NotFoundException(NO_ITEM);
    if (!may(askerOf(person), action, facts)) await this.#refuse(person, action, `item ${id}`, item.course, request);
    return { item, courseRole, schedule, phase };
  }

  /** The role of the person in the course; `about`: whom the action is about. Throws 404 for a course that is not the person's, 403 where not allowed. */
  async requireCourse(
    person: Principal,
    id: string,
    action: Action,
    request: Request,
    about?: string,
  ): Promise<string | undefined> {
    const courseRole = isId(id) ? await this.directory.courseRole(id, person.userId) : undefined;
    if (!may(askerOf(person), 'items.list', { courseRole })) throw new NotFoundException(NO_COURSE);
    const facts: Facts = { courseRole, ...(about !== undefined && { person: about }) };
    if (!may(askerOf(person), action, facts)) await this.#refuse(person, action, `course ${id}`, id, request);
    return courseRole;
  }

  /** The refusal of a member is recorded. */
  async #refuse(person: Principal, action: Action, object: string, course: string, request: Request): Promise<never> {
    const what = REFUSED[action] ?? 'do this';
    const refused = { type: 'AccessRefused', data: { what, object } } as const;
    await this.log.record(refused, contextOf(person, 'web', { course, address: addressOf(request) }));
    throw new ForbiddenException(`You may not ${what} here.`);
  }
}

const REFUSED: Readonly<Partial<Record<Action, string>>> = {
  'item.manage': 'decide about what the course publishes',
  'item.overview': 'see how everybody stands',
  'item.copy': 'open this for yourself',
  'metrics.class': 'see the figures of the class',
  'metrics.person': 'see the figures of others',
};
