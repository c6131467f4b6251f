import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CleanUp } from '../platform/clean-up.js';
import { CONFIGURATION, POOL } from '../platform/tokens.js';

/** How long an answer is given again, hours. */
const KEPT_HOURS = 24;

/**
 * After so many seconds without an answer the process that carried it out is taken for ended: no command takes as long, since
 * every wait in it is bounded by less.
 */
const ABANDONED_SECONDS = 60;

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a request finds under its key. */
export type Claim =
  | { readonly kind: 'ours' }
  | { readonly kind: 'under-way' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer };

interface Row {
  readonly ours: boolean;
  readonly same: boolean;
  readonly status: number | null;
  readonly answer: string | null;
}

/** Method, address and body of a request, in 32 bytes. */
export function fingerprint(method: string, address: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([method, address, body ?? null]))
    .digest();
}

/** Commands that were sent with a key, one row for each person and key in schema ops. */
@Injectable()
export class IdempotencyKeys implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(IdempotencyKeys.name);
  #cleanUp: CleanUp | undefined;

  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'cleanupIntervalMs'>,
  ) {}

  onModuleInit(): void {
    const options = { what: 'old idempotency keys', everyMs: this.configuration.cleanupIntervalMs, log: this.#log };
    this.#cleanUp = new CleanUp(() => this.forgetOld(), options);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#cleanUp?.stop();
  }

  /** Takes the key for this request, or says what has become of it. One statement: of two requests one gets it. */
  async claim(person: string, key: string, request: Buffer): Promise<Claim> {
    const { rows } = await this.pool.query<Row>(
      `with claimed as (
         insert into ops.idempotency as k (person, key, fingerprint) values ($1, $2, $3)
         on conflict (person, key) do update
           set fingerprint = excluded.fingerprint, claimed_at = clock_timestamp(), status = null, answer = null
           where k.claimed_at < clock_timestamp() - make_interval(hours => $4)
              or (k.status is null and k.fingerprint = excluded.fingerprint
                  and k.claimed_at < clock_timestamp() - make_interval(secs => $5))
         returning true as ours)
       select true as ours, true as same, null::int as status, null as answer from claimed
       union all
       select false, k.fingerprint = $3, k.status, k.answer from ops.idempotency k
       where k.person = $1 and k.key = $2 and not exists (select from claimed)`,
      [person, key, request, KEPT_HOURS, ABANDONED_SECONDS],
    );
    const row = rows[0];
    // It was inserted by another request after this statement's snapshot: that one is under way.
    if (!row) return { kind: 'under-way' };
    if (row.ours) return { kind: 'ours' };
    if (!row.same) return { kind: 'other-request' };
    if (row.status === null) return { kind: 'under-way' };
    const body: unknown = row.answer === null ? undefined : JSON.parse(row.answer);
    return { kind: 'answered', answer: { status: row.status, body } };
  }

  async answered(person: string, key: string, { status, body }: KeptAnswer): Promise<void> {
    const answer = body === undefined ? null : JSON.stringify(body);
    await this.pool.query(
      'update ops.idempotency set status = $3, answer = $4 where person = $1 and key = $2 and status is null',
      [person, key, status, answer],
    );
  }

  /** Gives the key back: nothing was decided, and the same request may be tried again at once. */
  async release(person: string, key: string): Promise<void> {
    await this.pool.query('delete from ops.idempotency where person = $1 and key = $2 and status is null', [
      person,
      key,
    ]);
  }

  async forgetOld(): Promise<void> {
    await this.pool.query(
      'delete from ops.idempotency where claimed_at < clock_timestamp() - make_interval(hours => $1)',
      [KEPT_HOURS],
    );
  }
}
