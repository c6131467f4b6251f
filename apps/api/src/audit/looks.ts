import { Inject, Injectable } from '@nestjs/common';
import type { ActivityViewed, HistoryViewed, WorkspaceViewed } from '@palimpsest/domain';
import type pg from 'pg';
import type { CommandContext } from '../commands/context.js';
import { inTransaction } from '../platform/in-transaction.js';
import { POOL } from '../platform/tokens.js';
import { AuditLog } from './audit-log.js';

/** A session that goes on looking at the same thing is recorded once in this time, seconds. */
const FOLD_SECONDS = 1_800;

/** For so long this process does not ask the database again, milliseconds: a page that is open asks every few seconds. */
const REMEMBERED_MS = 300_000;

/** Looks that are remembered at most; more are asked for again, which costs a query. */
const MAX_REMEMBERED = 10_000;

type Look = HistoryViewed | WorkspaceViewed | ActivityViewed;

function thingOf({ type, data }: Look): string {
  if (type === 'HistoryViewed') return data.file;
  return type === 'ActivityViewed' ? data.person : data.workspace;
}

/** Records who looked at what, before the look is granted: one event for a session, a thing and half an hour. */
@Injectable()
export class Looks {
  readonly #remembered = new Map<string, number>();

  constructor(
    private readonly audit: AuditLog,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {}

  /** `context` names the session. Rejects when it cannot be recorded: then nothing must be shown. */
  async note(event: Look, context: CommandContext): Promise<void> {
    const { session } = context;
    if (session === undefined) throw new Error('a look without a session cannot be recorded');
    const what = `${event.type} ${thingOf(event)}`;
    const key = `${session} ${what}`;
    if ((this.#remembered.get(key) ?? 0) > Date.now()) return;
    await this.#record(session, what, event, context);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, Date.now() + REMEMBERED_MS);
  }

  /** The row and the event come together or not at all; of two at the same time the second waits and finds the row. */
  async #record(session: string, what: string, event: Look, context: CommandContext): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query(
        `insert into ops.look as l (session, what) values ($1, $2)
         on conflict (session, what) do update set noted_at = clock_timestamp()
           where l.noted_at < clock_timestamp() - make_interval(secs => $3)`,
        [session, what, FOLD_SECONDS],
      );
      if (rowCount === 1) await this.audit.record(event, context);
    });
  }
}
