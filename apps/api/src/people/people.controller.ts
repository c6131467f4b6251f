import {
  Body,
  Controller,
  Delete,
  ForbiddenException,
  Get,
  HttpCode,
  NotFoundException,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { asId, USERNAME, type UserId } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import { DirectoryQueries, type PersonRow, ReadModelBehind, ReadModels } from '@palimpsest/projections';
import {
  ChangeRoleDto,
  DeactivateDto,
  ManagedCourseDto,
  NewPasswordDto,
  PeopleQueryDto,
  PersonDto,
  SessionDto,
  WrittenDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { AccountChanges } from '../auth/account-changes.js';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { sessionDto } from '../auth/own-sessions.controller.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { SessionEnding } from '../auth/session-ending.js';
import { Sessions } from '../auth/sessions.js';
import { NotKept } from '../commands/idempotency.interceptor.js';
import type { CommandContext } from '../commands/context.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { mayAdministerAccounts, mayManageCourse } from '../policies/policies.js';
import { refusing } from '../policies/refusal.js';

function personDto({ id, username, displayName, role, active }: PersonRow): PersonDto {
  return { id, username, displayName, role: role as PersonDto['role'], active };
}

/** Accounts, for administrators; and for professors the courses whose members they decide on. */
@Controller('api/people')
export class PeopleController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly changes: AccountChanges,
    private readonly sessions: Sessions,
    private readonly ending: SessionEnding,
  ) {}

  @Get('courses')
  @Access('courses.list')
  @Answers(ManagedCourseDto, { list: true })
  async courses(@Person() person: Principal): Promise<ManagedCourseDto[]> {
    const courses = await this.directory.courses(person.userId);
    return courses
      .filter(({ role }) => mayManageCourse(person.role, role ?? undefined))
      .map(({ id, title }) => ({ id, title }));
  }

  @Get()
  @Access('accounts.administer')
  @Answers(PersonDto, { list: true })
  @Asks(PeopleQueryDto)
  async list(
    @Person() person: Principal,
    @Query() query: PeopleQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PersonDto[]> {
    requireAdministrator(person, 'see all accounts', 'accounts');
    await waitFor(this.readModels, 'directory', query.after);
    const [after = ''] = decodeCursor(query.cursor, [USERNAME]) ?? [];
    const page = await pageOf(
      query.limit,
      (most) => this.directory.peopleLike((query.words ?? '').trim(), most, after),
      ({ username }) => [username],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(personDto);
  }

  @Put(':id/role')
  @Access('accounts.administer')
  @Takes(ChangeRoleDto, { role: 'assistant' })
  @Answers(WrittenDto)
  async changeRole(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: ChangeRoleDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { user, context } = await this.#account(person, id, 'change roles', request);
    return this.#written(user, await this.changes.changeRole(user, body.role, context));
  }

  @Post(':id/deactivate')
  @Access('accounts.administer')
  @HttpCode(200)
  @Takes(DeactivateDto, { reason: 'has left the school' })
  @Answers(WrittenDto)
  async deactivate(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: DeactivateDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { user, context } = await this.#account(person, id, 'deactivate accounts', request);
    return this.#written(user, await this.changes.deactivate(user, body.reason, context));
  }

  @Post(':id/reactivate')
  @Access('accounts.administer')
  @HttpCode(200)
  @Answers(WrittenDto)
  async reactivate(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { user, context } = await this.#account(person, id, 'reactivate accounts', request);
    return this.#written(user, await this.changes.reactivate(user, context));
  }

  @Post(':id/reset-password')
  @Access('accounts.administer')
  @NotKept()
  @HttpCode(200)
  @Answers(NewPasswordDto)
  async resetPassword(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
  ): Promise<NewPasswordDto> {
    const { user, context } = await this.#account(person, id, 'reset passwords', request);
    return { password: await this.changes.resetPassword(user, context) };
  }

  @Get(':id/sessions')
  @Access('accounts.administer')
  @Answers(SessionDto, { list: true })
  async sessionsOf(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
  ): Promise<SessionDto[]> {
    const { user } = await this.#account(person, id, "see other people's sessions", request);
    return (await this.sessions.ofUser(user)).map((session) => sessionDto(session, person.sessionId));
  }

  @Delete(':id/sessions')
  @Access('accounts.administer')
  @HttpCode(204)
  async endSessions(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<void> {
    const { user, context } = await this.#account(person, id, "end other people's sessions", request);
    await this.ending.endAll(user, 'administrator', context);
  }

  @Delete(':id/sessions/:session')
  @Access('accounts.administer')
  @HttpCode(204)
  async endSession(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('session') session: string,
    @Req() request: Request,
  ): Promise<void> {
    const { user, context } = await this.#account(person, id, "end other people's sessions", request);
    if (!(await this.ending.end(user, session, 'administrator', context)))
      throw new NotFoundException('This account has no such session: it has ended already.');
  }

  /** A change of an account holds at once: the answer waits until the list that every request looks at has it. */
  async #written(id: UserId, position: Position | null): Promise<WrittenDto> {
    try {
      if (position !== null) await this.readModels.waitFor('directory', position);
    } catch (error) {
      if (!(error instanceof ReadModelBehind)) throw error; // it was written; the list follows
    }
    return { id, position };
  }

  async #account(
    person: Principal,
    id: string,
    what: string,
    request: Request,
  ): Promise<{ readonly user: UserId; readonly context: CommandContext }> {
    requireAdministrator(person, what, `account ${id}`);
    const user = asId<UserId>(id);
    const address = addressOf(request);
    const subject = user === person.userId ? {} : { subject: user };
    return { user, context: contextOf(person, 'web', { address, ...subject }) };
  }
}

function requireAdministrator({ role }: Principal, what: string, object: string): void {
  if (mayAdministerAccounts(role)) return;
  const sentence = 'Only administrators manage accounts. Professors bring people in by course.';
  throw refusing(new ForbiddenException(sentence), { what, object });
}
