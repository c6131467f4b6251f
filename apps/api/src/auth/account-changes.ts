import { Inject, Injectable } from '@nestjs/common';
import { asId, type Role, streamOf, userDecider, type UserCommand, type UserId } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import type pg from 'pg';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { randomPassword } from '../installation/first-accounts.js';
import { inTransaction } from '../platform/in-transaction.js';
import { POOL } from '../platform/tokens.js';
import { Credentials } from './credentials.js';
import { SessionEnding } from './session-ending.js';
import { SignInThrottle } from './sign-in-throttle.js';

/** The ASCII codes of "admi": any number that nothing else in this database locks. */
const LOCK = 0x61646d69;

/**
 * What administrators do with accounts. That one active administrator is left concerns several streams, and a stream decides
 * only about itself; so whatever could take one away holds a lock of the database, over all nodes, while it looks and writes.
 */
@Injectable()
export class AccountChanges {
  constructor(
    private readonly commands: CommandHandler,
    private readonly credentials: Credentials,
    private readonly ending: SessionEnding,
    private readonly throttle: SignInThrottle,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {}

  /** Each returns the place of its event in the log, null if there was nothing to change. All throw Rejected. */
  changeRole(user: UserId, role: Role, context: CommandContext): Promise<Position | null> {
    return this.#besideAdmins(user, (isLastAdmin) =>
      this.#execute(user, { kind: 'changeRole', role, isLastAdmin }, context),
    );
  }

  /** The account's sessions end, and with them its sockets. */
  async deactivate(user: UserId, reason: string, context: CommandContext): Promise<Position | null> {
    const position = await this.#besideAdmins(user, (isLastAdmin) =>
      this.#execute(user, { kind: 'deactivate', reason, isLastAdmin }, context),
    );
    await this.ending.endAll(user, 'deactivated', context);
    return position;
  }

  /**
   * Sessions that are left, since a process ended before it had ended them or somebody signed in just then, gave no access to
   * a deactivated account; now they would, so they end first.
   */
  async reactivate(user: UserId, context: CommandContext): Promise<Position | null> {
    const { state } = await this.commands.load(streamOf.user(user), userDecider);
    if (state.kind === 'deactivated') await this.ending.endAll(user, 'deactivated', context);
    return this.#execute(user, { kind: 'reactivate' }, context);
  }

  /** Returns a random password that must be changed at the next sign-in; the account's sessions end. */
  async resetPassword(user: UserId, context: CommandContext): Promise<string> {
    await this.#execute(user, { kind: 'recordPasswordChange', by: 'administrator' }, context);
    const password = randomPassword();
    await this.credentials.setOneTime(user, password);
    await this.ending.endAll(user, 'administrator', context);
    await this.throttle.forgive(user);
    return password;
  }

  async #execute(user: UserId, command: UserCommand, context: CommandContext): Promise<Position | null> {
    return (await this.commands.execute(streamOf.user(user), userDecider, command, context)).position;
  }

  #besideAdmins<T>(user: UserId, work: (isLastAdmin: boolean) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
      return work(!(await this.#isAnotherAdmin(user, client)));
    });
  }

  /**
   * Whether there is an active administrator but `user`. The directory says where to look, and may be a moment behind; the
   * streams say what is so. An administrator whom it does not know yet is missed, and the refusal can be tried again.
   */
  async #isAnotherAdmin(user: UserId, client: pg.PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ id: string }>(
      `select id from read.person where role = 'admin' and id <> $1`,
      [user],
    );
    for (const { id } of rows) {
      const { state } = await this.commands.load(streamOf.user(asId<UserId>(id)), userDecider);
      if (state.kind === 'active' && state.role === 'admin') return true;
    }
    return false;
  }
}
