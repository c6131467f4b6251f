import { Inject, Injectable } from '@nestjs/common';
import {
  type LinkedBy,
  MAX_DISPLAY_NAME,
  streamOf,
  USERNAME,
  userDecider,
  type UserId,
  type UserState,
} from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import { ReadModels } from '@palimpsest/projections';
import type pg from 'pg';
import { accountId } from '../auth/account-id.js';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { inTransaction } from '../platform/in-transaction.js';
import { POOL } from '../platform/tokens.js';
import type { Identity } from './openid-client.js';
import type { OpenIdSettings } from './openid-settings.js';

interface Found {
  readonly user: UserId;
  /** What the directory has to hold before this person can have a session; null: it does. */
  readonly position: Position | null;
}

/** The ASCII codes of "oidc": any number that nothing else in this database locks. */
const LOCK = 0x6f696463;

/** Names to try for a new account before giving up: "ada", "ada-2", "ada-3" … */
const MOST_NAMES = 50;

/**
 * Which account somebody from the provider has. Issuer and subject decide; the first time, if so configured, the verified
 * e-mail address or the user name finds an account, or a new one is made. Accounts of administrators and auditors are never
 * found that way: what a provider lets people call themselves must not make anybody one; nor is an account that somebody
 * else of this provider has already, because names and addresses are given to others when people leave.
 */
@Injectable()
export class OpenIdAccounts {
  constructor(
    private readonly commands: CommandHandler,
    private readonly readModels: ReadModels,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {}

  /** Undefined: nobody here. */
  async find(identity: Identity, settings: OpenIdSettings, address: string): Promise<UserId | undefined> {
    const linked = await this.#linked(identity, this.pool);
    if (linked) return linked;
    const found = await inTransaction(this.pool, async (client): Promise<Found | undefined> => {
      // Two first sign-ins of one person at once must not make two accounts, nor two people share one.
      await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const known = await this.#linked(identity, client);
      return known ? { user: known, position: null } : this.#firstTime(identity, settings, address, client);
    });
    // Without the connection: a class that comes for the first time would hold all of them and wait for one.
    if (found && found.position !== null) await this.readModels.waitFor('directory', found.position);
    return found?.user;
  }

  async #linked({ issuer, subject }: Identity, client: pg.Pool | pg.PoolClient): Promise<UserId | undefined> {
    const { rows } = await client.query<{ user: UserId }>(
      'select user_id as user from ops.identity where issuer = $1 and subject = $2',
      [issuer, subject],
    );
    return rows[0]?.user;
  }

  async #firstTime(
    identity: Identity,
    settings: OpenIdSettings,
    address: string,
    client: pg.PoolClient,
  ): Promise<Found | undefined> {
    const found = await this.#byClaim(identity, settings, client);
    if (!found && !settings.makesAccounts) return undefined;
    const user = found?.user ?? (await this.#newStudent(identity, address));
    await client.query('insert into ops.identity (issuer, subject, user_id) values ($1, $2, $3)', [
      identity.issuer,
      identity.subject,
      user,
    ]);
    const command = { kind: 'linkIdentity', issuer: identity.issuer, by: found?.by ?? 'new-account' } as const;
    const { position } = await this.commands.execute(
      streamOf.user(user),
      userDecider,
      command,
      contextOf(user, 'student', address),
    );
    return { user, position };
  }

  async #byClaim(
    { issuer, verifiedEmail, username }: Identity,
    { linkBy }: OpenIdSettings,
    client: pg.PoolClient,
  ): Promise<{ readonly user: UserId; readonly by: LinkedBy } | undefined> {
    if (linkBy.includes('email') && verifiedEmail !== undefined) {
      const { rows } = await client.query<{ user: UserId }>('select user_id as user from ops.email where email = $1', [
        verifiedEmail,
      ]);
      const user = rows[0]?.user;
      if (user !== undefined && (await this.#isFree(user, issuer, client))) return { user, by: 'email' };
    }
    if (!linkBy.includes('username') || username === undefined || !USERNAME.test(username)) return undefined;
    const user = accountId(username);
    return (await this.#isFree(user, issuer, client)) ? { user, by: 'username' } : undefined;
  }

  /** Whether a name or address may find this account: never twice, since the second is whoever has got it from the first. */
  async #isFree(user: UserId, issuer: string, client: pg.PoolClient): Promise<boolean> {
    if (!mayBeLinked(await this.#state(user))) return false;
    const { rowCount } = await client.query('select from ops.identity where user_id = $1 and issuer = $2', [
      user,
      issuer,
    ]);
    return rowCount === 0;
  }

  async #state(user: UserId): Promise<UserState> {
    return (await this.commands.load(streamOf.user(user), userDecider)).state;
  }

  async #newStudent(identity: Identity, address: string): Promise<UserId> {
    const wanted = likelyName(identity);
    for (let n = 1; n <= MOST_NAMES; n++) {
      const username = n === 1 ? wanted : `${wanted.slice(0, 28)}-${n}`;
      const id = accountId(username);
      const displayName = (identity.displayName ?? username).slice(0, MAX_DISPLAY_NAME);
      const command = { kind: 'register', id, username, displayName, role: 'student' } as const;
      try {
        await this.commands.execute(streamOf.user(id), userDecider, command, contextOf(id, 'student', address));
        return id;
      } catch (error) {
        if (!(error instanceof Rejected) || error.rejection.code !== 'already-exists') throw error;
      }
    }
    throw new Error(`no user name is free for "${wanted}"`);
  }
}

function mayBeLinked(state: UserState): boolean {
  return state.kind === 'active' && state.role !== 'admin' && state.role !== 'auditor';
}

/** A user name from what the provider says: its user name, or the address before the @, without what a name cannot have. */
export function likelyName({ username, verifiedEmail }: Pick<Identity, 'username' | 'verifiedEmail'>): string {
  const claimed = (username ?? verifiedEmail ?? '').split('@', 1)[0] ?? '';
  const plain = claimed
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '');
  const begun = /^[a-z]/.test(plain) ? plain : `u${plain}`;
  return begun.length < 2 ? 'user' : begun.slice(0, 32);
}

function contextOf(user: UserId, role: 'student', address: string): CommandContext {
  return { actor: { id: user, role, via: 'web' }, address };
}
