import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { isId } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import type { Principal } from '../auth/principal.js';
import { may } from '../policies/permission-table.js';
import { refusing } from '../policies/refusal.js';

/** Asks the policies whether somebody may have an export. What is not theirs to see looks as if it did not exist. */
@Injectable()
export class ExportAccess {
  constructor(private readonly directory: DirectoryQueries) {}

  /** Throws 404 for a course that is not theirs, and 403 to a member, which is recorded. */
  async requireCourse(person: Principal, course: string, identified: boolean): Promise<void> {
    const courseRole = await this.directory.courseRole(course, person.userId);
    const asker = { id: person.userId, role: person.role };
    const mayExport = may(asker, 'export.course', { courseRole });
    if (mayExport && (!identified || may(asker, 'export.identified', { courseRole }))) return;
    if (courseRole === undefined) throw new NotFoundException('There is no such course, or it is not yours to see.');
    const what = mayExport ? 'export a course with names' : 'export a course';
    const refused = new ForbiddenException(mayExport ? NO_NAMES : NO_EXPORT);
    throw refusing(refused, { what, object: `course ${course}`, about: { course } });
  }

  /** Throws 404 for somebody else's data, unless an administrator asks. */
  async requirePerson(person: Principal, subject: string): Promise<void> {
    const isAllowed = may({ id: person.userId, role: person.role }, 'export.person', { person: subject });
    if (!isAllowed || !isId(subject) || !(await this.directory.person(subject)))
      throw new NotFoundException('There is no such person, or their data is not yours to export.');
  }
}

const NO_EXPORT = 'Only professors and auditors of the course and administrators export it.';
const NO_NAMES =
  'Only auditors of the course and administrators export it with names. Leave out "identified" for one with pseudonyms.';
