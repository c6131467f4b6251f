import { Inject, Injectable } from '@nestjs/common';
import { asId, type RevocationReason, type SessionId, streamOf } from '@palimpsest/domain';
import type pg from 'pg';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { POOL } from '../platform/tokens.js';

/**
 * Ends sessions before their time. First the access, then the event: what is refused from here on matters more than when the
 * log says so. Sockets follow by themselves (policies/permission-watch.ts looks twice a second, and at the event).
 */
@Injectable()
export class SessionEnding {
  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    private readonly commands: CommandHandler,
  ) {}

  /** All sessions of the account but `except`. Returns how many there were. */
  async endAll(user: string, because: RevocationReason, context: CommandContext, except?: string): Promise<number> {
    const { rows } = await this.pool.query<{ id: string }>(
      `delete from ops.session where user_id = $1 and session_id is distinct from $2::uuid
       returning session_id as id`,
      [user, except ?? null],
    );
    for (const { id } of rows) await this.#record(user, id, because, context);
    return rows.length;
  }

  /** One session of the account. Returns false if it has no such session. */
  async end(user: string, session: string, because: RevocationReason, context: CommandContext): Promise<boolean> {
    const { rowCount } = await this.pool.query('delete from ops.session where user_id = $1 and session_id = $2', [
      user,
      session,
    ]);
    if (rowCount !== 1) return false;
    await this.#record(user, session, because, context);
    return true;
  }

  async #record(user: string, session: string, because: RevocationReason, context: CommandContext): Promise<void> {
    const event = { type: 'SessionRevoked', data: { user, because } } as const;
    const subject = user === context.actor.id ? {} : { subject: user };
    await this.commands.record(streamOf.session(asId<SessionId>(session)), [event], { ...context, ...subject });
  }
}
