import { createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { courseDecider, type CourseId, invitationProblem, streamOf, type UserId } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import type { CreateInvitationDto, InvitationDto, NewInvitationDto } from '@palimpsest/protocol';
import type pg from 'pg';
import { Accounts, type NewAccount } from '../auth/accounts.js';
import { accountId } from '../auth/account-id.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { Rejected } from '../commands/rejected.js';
import { Problem } from '../platform/problem.js';
import { CONFIGURATION, POOL } from '../platform/tokens.js';

const DAY_MS = 86_400_000;

export interface Invited {
  readonly user: UserId;
  readonly position: Position | null;
}

function taken(username: string): string {
  return `The user name "${username}" is taken: choose another. If the account is yours, sign in and open the link again.`;
}

/**
 * Links with which people become students of a course, with a new account or their own. What they are for is in the course's stream;
 * the tokens, as keyed hashes, are in `ops.invitation`: the log does not say how to come in.
 */
@Injectable()
export class Invitations {
  constructor(
    private readonly commands: CommandHandler,
    private readonly accounts: Accounts,
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Returns the token, which nobody can be told again. */
  async create(
    course: CourseId,
    { days, mostUses }: CreateInvitationDto,
    context: CommandContext,
  ): Promise<NewInvitationDto> {
    const [id, token, now] = [newId('invitation'), randomBytes(32).toString('base64url'), Date.now()];
    const command = { kind: 'invite', invitation: id, now, expiresAt: now + days * DAY_MS, mostUses } as const;
    await this.commands.execute(streamOf.course(course), courseDecider, command, context);
    await this.pool.query('insert into ops.invitation (token_hash, invitation, course) values ($1, $2, $3)', [
      this.#hash(token),
      id,
      course,
    ]);
    return { id, token };
  }

  /** The newest first. */
  async list(course: CourseId): Promise<InvitationDto[]> {
    const { state } = await this.commands.load(streamOf.course(course), courseDecider);
    const now = Date.now();
    return [...state.invitations].reverse().map(([id, invitation]) => ({
      ...{ id, mostUses: invitation.mostUses, uses: invitation.uses, revoked: invitation.revoked },
      expiresAt: new Date(invitation.expiresAt).toISOString(),
      problem: invitationProblem(invitation, now) ?? null,
    }));
  }

  async revoke(course: CourseId, invitation: string, context: CommandContext): Promise<Position | null> {
    const command = { kind: 'revokeInvitation', invitation } as const;
    return (await this.commands.execute(streamOf.course(course), courseDecider, command, context)).position;
  }

  /** Title of the course that the token invites to. Throws Problem when it invites nobody any more. */
  async look(token: string): Promise<string> {
    return (await this.#open(token)).title;
  }

  /**
   * Makes the account and enrols it. Throws Problem, and Rejected for a name that is not allowed. Two people may take the
   * last use at once: the slower one then has an account and no course, is told so, and can join with another link.
   */
  async accept(token: string, account: Omit<NewAccount, 'role'>, address: string): Promise<Invited> {
    const { invitation, course } = await this.#open(token);
    const user = accountId(account.username);
    const context: CommandContext = { actor: { id: user, role: 'student', via: 'web' }, course, address };
    try {
      await this.accounts.register({ ...account, role: 'student' }, context);
    } catch (error) {
      if (!(error instanceof Rejected) || error.rejection.code !== 'already-exists') throw error;
      throw new Problem(409, 'already-exists', taken(account.username));
    }
    const command = { kind: 'useInvitation', invitation, user, now: Date.now() } as const;
    const { position } = await this.commands.execute(streamOf.course(course), courseDecider, command, context);
    return { user, position };
  }

  /** Enrols an account that there is. Throws Problem. Whoever is in the course already uses nothing up. */
  async join(token: string, user: UserId, contextIn: (course: CourseId) => CommandContext) {
    const { invitation, course } = await this.#open(token);
    const command = { kind: 'useInvitation', invitation, user, now: Date.now() } as const;
    const context = contextIn(course);
    const { position } = await this.commands.execute(streamOf.course(course), courseDecider, command, context);
    return { course, position };
  }

  async #open(token: string) {
    const { rows } = await this.pool.query<{ invitation: string; course: CourseId }>(
      'select invitation, course from ops.invitation where token_hash = any($1)',
      [this.#hashes(token)],
    );
    const known = rows[0];
    const state = known && (await this.commands.load(streamOf.course(known.course), courseDecider)).state;
    const problem = invitationProblem(known && state?.invitations.get(known.invitation), Date.now());
    if (!known || !state || problem !== undefined)
      throw new Problem(403, 'invitation-over', problem ?? 'There is no such invitation.');
    return { ...known, title: state.title };
  }

  #hash(token: string, key = this.configuration.secretKey): Buffer {
    return createHmac('sha256', key).update(`invitation ${token}`).digest();
  }

  /** With the key of now and, while there is one, that of before. */
  #hashes(token: string): Buffer[] {
    const { secretKey, previousSecretKey } = this.configuration;
    return [secretKey, previousSecretKey].flatMap((key) => (key === undefined ? [] : [this.#hash(token, key)]));
  }
}
