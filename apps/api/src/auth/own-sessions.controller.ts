import { Controller, Delete, Get, HttpCode, NotFoundException, Post, Req } from '@nestjs/common';
import { SessionDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { Answers, PathId } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { addressOf } from './address.js';
import { Person } from './auth.guard.js';
import { contextOf, type Principal } from './principal.js';
import { SessionEnding } from './session-ending.js';
import { type OpenSession, Sessions } from './sessions.js';

/** A session as its owner, or an administrator, sees it. `current` is the id of the one that asks. */
export function sessionDto({ id, userAgent, address, since, lastSeen }: OpenSession, current: string): SessionDto {
  return {
    ...{ id, userAgent, address },
    since: since.toISOString(),
    lastSeen: lastSeen.toISOString(),
    isCurrent: id === current,
  };
}

/** Where one is signed in, and ending that. */
@Controller('api/auth/sessions')
export class OwnSessionsController {
  constructor(
    private readonly sessions: Sessions,
    private readonly ending: SessionEnding,
  ) {}

  @Get()
  @Access('self')
  @Answers(SessionDto, { list: true })
  async list(@Person() person: Principal): Promise<SessionDto[]> {
    return (await this.sessions.ofUser(person.userId)).map((session) => sessionDto(session, person.sessionId));
  }

  @Delete(':id')
  @Access('self')
  @HttpCode(204)
  async end(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<void> {
    const context = contextOf(person, 'web', { address: addressOf(request) });
    if (!(await this.ending.end(person.userId, id, 'self', context)))
      throw new NotFoundException('You have no such session: it has ended already.');
  }

  @Post('end-others')
  @Access('self')
  @HttpCode(204)
  async endOthers(@Person() person: Principal, @Req() request: Request): Promise<void> {
    const context = contextOf(person, 'web', { address: addressOf(request) });
    await this.ending.endAll(person.userId, 'self', context, person.sessionId);
  }
}
