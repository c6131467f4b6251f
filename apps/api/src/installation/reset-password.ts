import { streamOf, userDecider } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import { accountId } from '../auth/account-id.js';
import { Credentials } from '../auth/credentials.js';
import { SessionEnding } from '../auth/session-ending.js';
import { SignInThrottle } from '../auth/sign-in-throttle.js';
import { CommandHandler } from '../commands/command-handler.js';
import { operatorContext } from '../commands/context.js';
import { randomPassword } from './first-accounts.js';

/**
 * Gives an account a new, random password, records that, and ends the account's sessions and its wait after failed sign-ins.
 * For whoever has the machine: after an import, or when a password is lost. It must be changed at the next sign-in. Returns
 * the password. Throws Rejected if there is no such account or if it is deactivated.
 */
export async function resetPassword(store: EventStore, pool: pg.Pool, username: string): Promise<string> {
  const user = accountId(username);
  const command = { kind: 'recordPasswordChange', by: 'administrator' } as const;
  const context = operatorContext({ subject: user });
  const commands = new CommandHandler(store);
  await commands.execute(streamOf.user(user), userDecider, command, context);
  const password = randomPassword();
  await new Credentials(pool).setOneTime(user, password);
  await new SessionEnding(pool, commands).endAll(user, 'administrator', context);
  await new SignInThrottle(pool).forgive(user);
  return password;
}
