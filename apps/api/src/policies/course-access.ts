import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { asId, type CourseId, isId } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import type { Request } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { mayManageCourse } from './policies.js';

const NO_COURSE = 'There is no such course, or it is not yours to see.';

/** Looks a course up for somebody who wants to decide about it, and asks the policies. */
@Injectable()
export class CourseAccess {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly log: AuditLog,
  ) {}

  /**
   * The course, for those who may manage it. One that the person does not belong to looks as if it did not exist; a member's
   * refusal is recorded, with `what` was wanted. `sentence` is the refusal's.
   */
  async requireManager(
    person: Principal,
    id: string,
    what: string,
    sentence: string,
    request: Request,
  ): Promise<CourseId> {
    const course = isId(id) ? asId<CourseId>(id) : undefined;
    const courseRole = course && (await this.directory.courseRole(course, person.userId));
    if (course !== undefined && mayManageCourse(person.role, courseRole)) return course;
    if (course === undefined || courseRole === undefined) throw new NotFoundException(NO_COURSE);
    const refused = { type: 'AccessRefused', data: { what, object: `course ${course}` } } as const;
    await this.log.record(refused, contextOf(person, 'web', { course, address: addressOf(request) }));
    throw new ForbiddenException(sentence);
  }
}
