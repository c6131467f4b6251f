import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { asId, type CourseId, isId } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import type { Principal } from '../auth/principal.js';
import { mayManageCourse } from './policies.js';
import { refusing } from './refusal.js';

const NO_COURSE = 'There is no such course, or it is not yours to see.';

/** Looks a course up for somebody who wants to decide about it, and asks the policies. */
@Injectable()
export class CourseAccess {
  constructor(private readonly directory: DirectoryQueries) {}

  /**
   * The course, for those who may manage it. One that the person does not belong to looks as if it did not exist; a member's
   * refusal is recorded, with `what` was wanted. `sentence` is the refusal's.
   */
  async requireManager(person: Principal, id: string, what: string, sentence: string): Promise<CourseId> {
    const course = isId(id) ? asId<CourseId>(id) : undefined;
    const courseRole = course && (await this.directory.courseRole(course, person.userId));
    if (course !== undefined && mayManageCourse(person.role, courseRole)) return course;
    if (course === undefined || courseRole === undefined) throw new NotFoundException(NO_COURSE);
    throw refusing(new ForbiddenException(sentence), { what, object: `course ${course}`, about: { course } });
  }
}
