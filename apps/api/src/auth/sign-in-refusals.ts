import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { asId, encodeEvent, type SessionId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CleanUp } from '../platform/clean-up.js';
import { derivedId } from '../platform/derived-id.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';

/** Nobody: a sign-in that was refused has no person behind it. */
export const ANONYMOUS = { id: 'anonymous', role: 'system', via: 'web' } as const;

interface Held {
  readonly key: string;
  readonly held: number;
}

/**
 * Records refusals during waits, put together: the first of a wait is an event of its own, the further ones are counted in
 * `ops.sign_in_failure` and become one event for each account or address and clean-up. So a flood of attempts is in the log
 * with its size and does not fill it. Forgets what nobody has tried for a day.
 */
@Injectable()
export class SignInRefusals implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(SignInRefusals.name);
  #cleanUp: CleanUp | undefined;

  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'cleanupIntervalMs'>,
  ) {}

  onModuleInit(): void {
    const options = { what: 'refused sign-ins', everyMs: this.configuration.cleanupIntervalMs, log: this.#log };
    this.#cleanUp = new CleanUp(() => this.recordHeld(), options);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#cleanUp?.stop();
  }

  /** Returns the number of events. Several nodes may do it at once: each takes what no other has. */
  async recordHeld(): Promise<number> {
    const { rows } = await this.pool.query<Held>(
      `update ops.sign_in_failure f set held = 0 from
         (select key, held from ops.sign_in_failure where held > 0 for update skip locked) taken
       where f.key = taken.key returning f.key, taken.held`,
    );
    for (const held of rows) await this.#record(held);
    await this.pool.query(
      `delete from ops.sign_in_failure
       where held = 0 and changed_at < clock_timestamp() - interval '1 day' and blocked_until < clock_timestamp()`,
    );
    return rows.length;
  }

  async #record({ key, held }: Held): Promise<void> {
    const account = /^(?:account|device):([^:]*)/.exec(key)?.[1];
    const target = account ?? derivedId(key);
    const encoded = encodeEvent(
      { type: 'SignInRefused', data: { username: '', reason: 'too-many-attempts', attempts: held } },
      {
        actor: ANONYMOUS,
        ...(account === undefined ? { address: key.replace('address:', '') } : { subject: account }),
      },
    );
    const event = { id: randomUUID(), ...encoded };
    await this.store.append(streamOf.session(asId<SessionId>(target)), [event], { expected: 'any' });
  }
}
