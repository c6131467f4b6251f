import { streamOf, userDecider } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import { accountId } from '../auth/account-id.js';
import { Credentials } from '../auth/credentials.js';
import { CommandHandler } from '../commands/command-handler.js';
import { systemContext } from '../commands/context.js';
import { randomPassword } from './first-accounts.js';

/**
 * Gives an account a new, random password, records that, and ends the sessions of the account. For whoever has the
 * machine: after an import, or when a password is lost. Returns the password. Throws Rejected if there is no such account
 * or if it is deactivated.
 */
export async function resetPassword(store: EventStore, pool: pg.Pool, username: string): Promise<string> {
  const user = accountId(username);
  const command = { kind: 'recordPasswordChange', by: 'administrator' } as const;
  const context = systemContext({ subject: user });
  await new CommandHandler(store).execute(streamOf.user(user), userDecider, command, context);
  const password = randomPassword();
  await new Credentials(pool).set(user, password);
  await pool.query('delete from ops.session where user_id = $1', [user]);
  return password;
}
