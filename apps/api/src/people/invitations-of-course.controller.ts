import { Body, Controller, Delete, Get, Post, Req } from '@nestjs/common';
import type { CourseId } from '@palimpsest/domain';
import { CreateInvitationDto, InvitationDto, NewInvitationDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { NotKept } from '../commands/idempotency.interceptor.js';
import { Answers, PathId, Takes } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { CourseAccess } from '../policies/course-access.js';
import { Invitations } from './invitations.js';

const REFUSED = 'Only professors of the course and administrators invite people to it.';

/** The invitations of a course, for its professors and for administrators. */
@Controller('api/courses/:id/invitations')
export class InvitationsOfCourseController {
  constructor(
    private readonly invitations: Invitations,
    private readonly access: CourseAccess,
  ) {}

  @Get()
  @Access('course.people')
  @Answers(InvitationDto, { list: true })
  async list(@Person() person: Principal, @PathId('id') id: string): Promise<InvitationDto[]> {
    return this.invitations.list(await this.#require(person, id, 'see the invitations of a course'));
  }

  @Post()
  @Access('course.people')
  @NotKept()
  @Takes(CreateInvitationDto, { days: 14, mostUses: 30 })
  @Answers(NewInvitationDto, { status: 201 })
  async create(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: CreateInvitationDto,
    @Req() request: Request,
  ): Promise<NewInvitationDto> {
    const course = await this.#require(person, id, 'invite people to a course');
    return this.invitations.create(course, body, contextOf(person, 'web', { course, address: addressOf(request) }));
  }

  @Delete(':invitation')
  @Access('course.people')
  @Answers(WrittenDto)
  async revoke(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('invitation') invitation: string,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const course = await this.#require(person, id, 'revoke an invitation');
    const context = contextOf(person, 'web', { course, address: addressOf(request) });
    return { id: invitation, position: await this.invitations.revoke(course, invitation, context) };
  }

  #require(person: Principal, id: string, what: string): Promise<CourseId> {
    return this.access.requireManager(person, id, what, REFUSED);
  }
}
