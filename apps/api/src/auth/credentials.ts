import { Inject, Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import type pg from 'pg';
import { POOL } from '../platform/tokens.js';

/** argon2id with the first choice of RFC 9106 for memory-constrained machines brought to OWASP's minimum: 19 MiB, 2 passes. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashes of passwords. They are in Postgres (schema `ops`), never in the log: a log cannot forget. */
@Injectable()
export class Credentials {
  /** Verified when there is no such account, so that the answer takes as long. */
  readonly #decoy = hash('nobody has this password', ARGON2ID);

  constructor(@Inject(POOL) private readonly pool: pg.Pool) {}

  async set(userId: string, password: string): Promise<void> {
    await this.pool.query(
      `insert into ops.credential (user_id, password_hash) values ($1, $2)
       on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = clock_timestamp()`,
      [userId, await hash(password, ARGON2ID)],
    );
  }

  async matches(userId: string, password: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ password_hash: string }>(
      'select password_hash from ops.credential where user_id = $1',
      [userId],
    );
    const stored = rows[0]?.password_hash;
    const correct = await verify(stored ?? (await this.#decoy), password);
    return stored !== undefined && correct;
  }
}
