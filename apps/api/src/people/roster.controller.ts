import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { DirectoryQueries, type MemberRow, ReadModelBehind, ReadModels } from '@palimpsest/projections';
import { ConfirmRosterDto, MemberDto, RosterDto, RosterImportedDto, RosterPreviewDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { NotKept } from '../commands/idempotency.interceptor.js';
import { Answers, PathId, Takes } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { CourseAccess } from '../policies/course-access.js';
import { Rosters } from './rosters.js';

const EXAMPLE = { text: 'username,name\nada,Ada Lovelace\n', columns: { username: 'username' }, removeMissing: false };

const REFUSED = 'Only professors of the course and administrators decide who is in it.';

/** Who is in a course, and bringing a list of people in. For its professors, and for administrators. */
@Controller('api/courses/:id')
export class RosterController {
  constructor(
    private readonly rosters: Rosters,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly access: CourseAccess,
  ) {}

  @Get('members')
  @Access('course.people')
  @Answers(MemberDto, { list: true })
  async members(@Person() person: Principal, @PathId('id') id: string): Promise<MemberDto[]> {
    const course = await this.access.requireManager(person, id, 'see the roster of a course', REFUSED);
    return (await this.directory.members(course)).map(memberDto);
  }

  /** Writes nothing. */
  @Post('roster/preview')
  @Access('course.people')
  @NotKept()
  @HttpCode(200)
  @Takes(RosterDto, EXAMPLE)
  @Answers(RosterPreviewDto)
  async preview(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: RosterDto,
    @Req() request: Request,
  ): Promise<RosterPreviewDto> {
    const course = await this.access.requireManager(person, id, 'look at a roster to import', REFUSED);
    return this.rosters.preview(course, body, contextOf(person, 'web', { course, address: addressOf(request) }));
  }

  @Post('roster')
  @Access('course.people')
  @NotKept()
  @HttpCode(200)
  @Takes(ConfirmRosterDto, { ...EXAMPLE, digest: '0f'.repeat(32) })
  @Answers(RosterImportedDto)
  async import(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: ConfirmRosterDto,
    @Req() request: Request,
  ): Promise<RosterImportedDto> {
    const course = await this.access.requireManager(person, id, 'import a roster', REFUSED);
    const context = contextOf(person, 'web', { course, address: addressOf(request) });
    const { counts, firstPasswords, problems, position } = await this.rosters.import(course, body, context);
    try {
      if (position !== null) await this.readModels.waitFor('directory', position);
    } catch (error) {
      if (!(error instanceof ReadModelBehind)) throw error; // it was written, and the passwords must not be lost
    }
    const members = (await this.directory.members(course)).map(memberDto);
    return { counts, firstPasswords: [...firstPasswords], problems: [...problems], members };
  }
}

function memberDto({ id, username, displayName, role, active }: MemberRow): MemberDto {
  return { id, username, displayName, role: role as MemberDto['role'], active };
}
