import { Inject, Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import type pg from 'pg';
import { POOL } from '../platform/tokens.js';

/** argon2id with the first choice of RFC 9106 for memory-constrained machines brought to OWASP's minimum: 19 MiB, 2 passes. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * For random passwords that this program makes and that must be changed: 69 bits need no slow hash, and a roster of 2,000 new
 * accounts would take a minute of two cores with one. See docs/decisions/0020.
 */
const FOR_RANDOM = { ...ARGON2ID, memoryCost: 1024, timeCost: 1 } as const;
const OF_RANDOM = '$m=1024,t=1,p=1$';

/** Hashes of passwords. They are in Postgres (schema `ops`), never in the log: a log cannot forget. */
@Injectable()
export class Credentials {
  /** Verified when there is no such account, so that the answer takes as long. */
  readonly #decoy = hash('nobody has this password', ARGON2ID);

  constructor(@Inject(POOL) private readonly pool: pg.Pool) {}

  async set(userId: string, password: string): Promise<void> {
    await this.#keep(userId, await hash(password, ARGON2ID), false);
  }

  /** A random password that was given out: nothing but changing it works with it. */
  async setOneTime(userId: string, password: string): Promise<void> {
    await this.#keep(userId, await hash(password, FOR_RANDOM), true);
  }

  /**
   * Gives the account that `make` makes a random password. The hash is there before the account is, so that a crash in between
   * leaves no account that nobody can come into. Resolves with what `make` does; undefined, that somebody else was faster,
   * leaves the account's password as it is.
   */
  async setForNew<T>(userId: string, password: string, make: () => Promise<T | undefined>): Promise<T | undefined> {
    const passwordHash = await hash(password, FOR_RANDOM);
    await this.pool.query(
      `insert into ops.credential (user_id, password_hash, must_change) values ($1, $2, true)
       on conflict (user_id) do nothing`,
      [userId, passwordHash],
    );
    const made = await make();
    if (made !== undefined) await this.#keep(userId, passwordHash, true);
    else
      await this.pool.query('delete from ops.credential where user_id = $1 and password_hash = $2', [
        userId,
        passwordHash,
      ]);
    return made;
  }

  async mustChange(userId: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('select from ops.credential where user_id = $1 and must_change', [
      userId,
    ]);
    return rowCount === 1;
  }

  async #keep(userId: string, passwordHash: string, mustChange: boolean): Promise<void> {
    await this.pool.query(
      `insert into ops.credential (user_id, password_hash, must_change) values ($1, $2, $3)
       on conflict (user_id) do update set password_hash = excluded.password_hash, must_change = excluded.must_change,
         changed_at = clock_timestamp()`,
      [userId, passwordHash, mustChange],
    );
  }

  /** Takes as long for a password that does not match, for one that was given out, and for an account that there is not. */
  async matches(userId: string, password: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ password_hash: string }>(
      'select password_hash from ops.credential where user_id = $1',
      [userId],
    );
    const stored = rows[0]?.password_hash;
    if (stored === undefined || stored.includes(OF_RANDOM)) await verify(await this.#decoy, password);
    return stored !== undefined && (await verify(stored, password));
  }
}
