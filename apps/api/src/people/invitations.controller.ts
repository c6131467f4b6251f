import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ReadModelBehind, ReadModels } from '@palimpsest/projections';
import { AcceptInvitationDto, InvitationTokenDto, InvitedToDto, SignedInDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Public } from '../auth/auth.guard.js';
import { Welcome } from '../auth/welcome.js';
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
    try {
      if (position !== null) await this.readModels.waitFor('directory', position);
    } catch (error) {
      if (!(error instanceof ReadModelBehind)) throw error; // the account is there; the page asks again
    }
    return this.welcome.open({ id: user, username, displayName, role: 'student' }, request, response, 'invitation');
  }
}
