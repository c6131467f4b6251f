import { Injectable } from '@nestjs/common';
import { type Role, streamOf, userDecider, type UserId } from '@palimpsest/domain';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { accountId } from './account-id.js';
import { Credentials } from './credentials.js';

export interface NewAccount {
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  readonly password: string;
}

/** Makes accounts: the log says who exists, `ops` holds the hash. */
@Injectable()
export class Accounts {
  constructor(
    private readonly commands: CommandHandler,
    private readonly credentials: Credentials,
  ) {}

  /** Returns the new account's id. Throws Rejected when the name is taken or not allowed. */
  async register(account: NewAccount, context: CommandContext): Promise<UserId> {
    const { username, displayName, role } = account;
    const id = accountId(username);
    await this.commands.execute(
      streamOf.user(id),
      userDecider,
      { kind: 'register', id, username, displayName, role },
      context,
    );
    await this.credentials.set(id, account.password);
    return id;
  }

  /** The same, but an account that exists already is left as it is, apart from its password. */
  async ensure(account: NewAccount, context: CommandContext): Promise<void> {
    try {
      await this.register(account, context);
    } catch (error) {
      if (!(error instanceof Rejected) || error.rejection.code !== 'already-exists') throw error;
      await this.credentials.set(accountId(account.username), account.password);
    }
  }
}
