import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { asId, encodeEvent, type SessionId, streamOf, SYSTEM } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CleanUp } from '../platform/clean-up.js';
import { derivedId } from '../platform/derived-id.js';
import { inTransaction } from '../platform/in-transaction.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';

/** Sessions in one transaction. */
const BATCH = 200;

interface Expired {
  readonly session: string;
  readonly user: string;
  readonly at: Date;
}

/**
 * Removes sessions whose time is over; they gave no access any more. Each is an event of its stream, recorded before the row
 * goes: a crash in between repeats it, and its id, which follows from the session's, makes the second one none.
 */
@Injectable()
export class SessionExpiry implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(SessionExpiry.name);
  #cleanUp: CleanUp | undefined;

  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'cleanupIntervalMs'>,
  ) {}

  onModuleInit(): void {
    const options = { what: 'expired sessions', everyMs: this.configuration.cleanupIntervalMs, log: this.#log };
    this.#cleanUp = new CleanUp(() => this.removeExpired(), options);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#cleanUp?.stop();
  }

  /** Returns how many there were. Several nodes may do it at once: each takes those that no other has. */
  async removeExpired(): Promise<number> {
    for (let removed = 0; ;) {
      const batch = await this.#removeBatch();
      removed += batch;
      if (batch < BATCH) return removed;
    }
  }

  #removeBatch(): Promise<number> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<Expired>(
        `select session_id as session, user_id as user, expires_at as at from ops.session
         where expires_at <= clock_timestamp() order by expires_at limit $1 for update skip locked`,
        [BATCH],
      );
      for (const expired of rows) await this.#record(expired);
      await client.query('delete from ops.session where session_id = any($1)', [rows.map(({ session }) => session)]);
      return rows.length;
    });
  }

  async #record({ session, user, at }: Expired): Promise<void> {
    const encoded = encodeEvent(
      { type: 'SessionExpired', data: { user, at: at.getTime() } },
      { actor: SYSTEM, subject: user, session },
    );
    const event = { id: derivedId(`session ${session} expired`), ...encoded };
    await this.store.append(streamOf.session(asId<SessionId>(session)), [event], { expected: 'any' });
  }
}
