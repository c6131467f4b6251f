import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { asId, type UserId } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import { ReadModelBehind, ReadModels } from '@palimpsest/projections';
import { AcceptInvitationDto, InvitationTokenDto, InvitedToDto, SignedInDto, WrittenDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person, Public } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Welcome } from '../auth/welcome.js';
import { NotKept } from '../commands/idempotency.interceptor.js';
import { Answers, Takes } from '../platform/api-description.js';
import { Limited } from '../limits/request-limits.js';
import { Access } from '../policies/access.js';
import { Invitations } from './invitations.js';

const TOKEN = 'x'.repeat(43);

/** For whoever has a link. Without a valid token nothing is done and nothing is told. */
@Controller('api/invitations')
export class InvitationsController {
  constructor(
    private readonly invitations: Invitations,
    private readonly welcome: Welcome,
    private readonly readModels: ReadModels,
  ) {}

  @Public()
  @Post('look')
  @Access('open')
  @HttpCode(200)
  @Takes(InvitationTokenDto, { token: TOKEN })
  @Answers(InvitedToDto)
  async look(@Body() body: InvitationTokenDto): Promise<InvitedToDto> {
    return { course: await this.invitations.look(body.token) };
  }

  @Public()
  @Post('accept')
  @Access('open')
  @Limited('sign-ins-a-minute')
  @HttpCode(200)
  @Takes(AcceptInvitationDto, {
    ...{ token: TOKEN, username: 'ada', displayName: 'Ada Lovelace', password: 'correct horse battery staple' },
  })
  @Answers(SignedInDto)
  async accept(
    @Body() body: AcceptInvitationDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedInDto> {
    const username = body.username.trim().toLowerCase();
    const displayName = body.displayName.trim();
    const account = { username, displayName, password: body.password };
    const { user, position } = await this.invitations.accept(body.token, account, addressOf(request));
    await this.#shown(position);
    return this.welcome.open({ id: user, username, displayName, role: 'student' }, request, response, 'invitation');
  }

  /** Comes in with the account that one is signed in with. */
  @Post('join')
  @Access('self')
  @NotKept()
  @HttpCode(200)
  @Takes(InvitationTokenDto, { token: TOKEN })
  @Answers(WrittenDto)
  async join(
    @Person() person: Principal,
    @Body() body: InvitationTokenDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { course, position } = await this.invitations.join(body.token, asId<UserId>(person.userId), (course) =>
      contextOf(person, 'web', { course, address: addressOf(request) }),
    );
    await this.#shown(position);
    return { id: course, position };
  }

  async #shown(position: Position | null): Promise<void> {
    try {
      if (position !== null) await this.readModels.waitFor('directory', position);
    } catch (error) {
      if (!(error instanceof ReadModelBehind)) throw error; // it was written; the page asks again
    }
  }
}
