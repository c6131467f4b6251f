import { Controller, Get, Query } from '@nestjs/common';
import { type CourseRow, DirectoryQueries, ReadModels } from '@palimpsest/projections';
import { AfterQueryDto, CourseDto, type MemberDto, type WorkspaceSummaryDto } from '@palimpsest/protocol';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks } from '../platform/api-description.js';
import { waitFor } from '../platform/wait-for.js';
import { maySeeRoster } from '../policies/policies.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';

@Controller('api/courses')
export class CoursesController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly access: WorkspaceAccess,
  ) {}

  @Get()
  @Access('courses.list')
  @Answers(CourseDto, { list: true })
  @Asks(AfterQueryDto)
  async list(@Person() person: Principal, @Query() { after }: AfterQueryDto): Promise<CourseDto[]> {
    await waitFor(this.readModels, 'directory', after);
    const courses = await this.directory.coursesOf(person.userId);
    return Promise.all(courses.map((course) => this.#describe(course, person)));
  }

  async #describe(course: CourseRow, person: Principal): Promise<CourseDto> {
    const { id, title, sections, role } = course;
    const members = maySeeRoster(role) ? await this.directory.members(id) : [];
    return {
      id,
      title,
      sections: [...sections],
      members: members.map((member) => ({ ...member, role: member.role as MemberDto['role'] })),
      workspaces: await this.#workspaces(id, person),
    };
  }

  async #workspaces(course: string, person: Principal): Promise<WorkspaceSummaryDto[]> {
    const rows = await this.directory.workspacesOfCourse(course, person.userId);
    const rights = await Promise.all(rows.map((row) => this.access.rightOf(person, row)));
    return rows.flatMap(({ id, name, kind, owner }, index) => {
      const right = rights[index];
      return right === 'read' || right === 'write' ? [{ id, name, kind, owner, access: right }] : [];
    });
  }
}
