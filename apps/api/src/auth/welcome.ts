import { Inject, Injectable } from '@nestjs/common';
import { asId, type Role, type SessionId, type SignedIn, streamOf } from '@palimpsest/domain';
import type { SignedInDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { CommandHandler } from '../commands/command-handler.js';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { addressOf } from './address.js';
import { Credentials } from './credentials.js';
import { KnownDevices } from './known-devices.js';
import { sessionCookie } from './request-token.js';
import { Sessions } from './sessions.js';
import { userDto } from './user-dto.js';

/** What of an account the answer to signing in says. */
export interface Welcomed {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: string;
}

/** Opens a session for somebody who has proved who they are, in whichever way, and records it. */
@Injectable()
export class Welcome {
  constructor(
    private readonly sessions: Sessions,
    private readonly credentials: Credentials,
    private readonly devices: KnownDevices,
    private readonly commands: CommandHandler,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Sets the cookie and returns the answer. `by`: absent for the password. */
  async open(
    person: Welcomed,
    request: Request,
    response: Response,
    by?: NonNullable<SignedIn['data']['by']>,
  ): Promise<SignedInDto> {
    const userAgent = (request.headers['user-agent'] ?? '').slice(0, 200);
    const address = addressOf(request);
    // Who came another way showed no password, so one that was given out is no reason to ask for another.
    const mustChangePassword = by === undefined && (await this.credentials.mustChange(person.id));
    const { sessionId, token } = await this.sessions.open(person.id, { userAgent, address }, mustChangePassword);
    await this.commands.record(
      streamOf.session(asId<SessionId>(sessionId)),
      [{ type: 'SignedIn', data: { user: person.id, userAgent, ...(by && { by }) } }],
      { actor: { id: person.id, role: person.role as Role, via: 'web' }, session: sessionId, address },
    );
    response.cookie(sessionCookie(request.secure), token, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.secure,
      path: '/',
      maxAge: this.configuration.sessionSeconds * 1000,
    });
    if (by !== 'openid') this.devices.remember(person.id, request, response);
    return { user: userDto({ ...person, mustChangePassword }), accessToken: token };
  }
}
