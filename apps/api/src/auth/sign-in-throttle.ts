import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import { POOL } from '../platform/tokens.js';

/**
 * Theory of operation. Each account and each address has a level, in Postgres, so that it holds over nodes and restarts: a
 * failed sign-in adds one, time takes away one in `drainSeconds`, and the right password empties that of the account. At
 * `free` failures begins a wait, which doubles with each further one up to `mostSeconds`. During a wait nothing is looked at:
 * neither the right password nor a wrong one changes anything, so the answer tells nothing about either.
 *
 * A browser in which somebody has signed in to the account before (known-devices.ts) has a level of its own instead of both:
 * else anybody could keep somebody out by failing again after each wait.
 *
 * A name that no account has counts like one that an account has. In one process the attempts on one account come one after
 * the other, so that many at once are not all looked at before the first has failed; n nodes may look at n.
 */
export interface ThrottleRule {
  /** Failures before the first wait. */
  readonly free: number;
  readonly firstSeconds: number;
  readonly mostSeconds: number;
  readonly drainSeconds: number;
}

/** Somebody who tries to remember has five tries, and another after 10, 20, 40 … seconds. */
export const OF_ACCOUNT: ThrottleRule = { free: 5, firstSeconds: 10, mostSeconds: 900, drainSeconds: 3600 };

/** A classroom may share one address, and thirty people who mistype twice are no attack. */
export const OF_ADDRESS: ThrottleRule = { free: 60, firstSeconds: 10, mostSeconds: 900, drainSeconds: 30 };

/** Seconds to wait at this level. Rounded, since what has drained within seconds is no failure less. */
export function waitAfter(level: number, { free, firstSeconds, mostSeconds }: ThrottleRule): number {
  const over = Math.round(level) - free;
  return over < 0 ? 0 : Math.min(mostSeconds, firstSeconds * 2 ** Math.min(over, 30));
}

export interface Attempt {
  /** Id of the account with the name that is tried, whether there is one or not. */
  readonly account: string;
  /** See `placeOf`. */
  readonly place: string;
  /** See `KnownDevices`; undefined: a browser that is not known. */
  readonly device?: string | undefined;
}

export interface Wait {
  readonly key: string;
  readonly seconds: number;
  /** Whose failures were too many: the account's (or the known browser's) or the address's. */
  readonly rule: ThrottleRule;
  /** The first refusal of this wait: it is recorded by itself. The others are counted: see sign-in-refusals.ts. */
  readonly isFirst: boolean;
}

/** What a failure counts for. The first is what the right password empties. */
function keysOf({ account, place, device }: Attempt): [account: string, address?: string] {
  return device === undefined ? [`account:${account}`, `address:${place}`] : [`device:${account}:${device}`];
}

function ruleOf(key: string): ThrottleRule {
  return key.startsWith('address:') ? OF_ADDRESS : OF_ACCOUNT;
}

@Injectable()
export class SignInThrottle {
  /** The last attempt on each account (from each known browser) that is being tried just now. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(@Inject(POOL) private readonly pool: pg.Pool) {}

  /** Does `work` after what was begun before for the same account. */
  async inTurn<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    const [account] = keysOf(attempt);
    const before = this.#turns.get(account);
    const turn = (async () => {
      await before?.catch(() => undefined); // whoever began it hears of it
      return work();
    })();
    this.#turns.set(account, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(account) === turn) this.#turns.delete(account);
    }
  }

  /** How long the attempt has to wait, of account and address the longer; undefined: not at all. A wait is counted. */
  async wait(attempt: Attempt): Promise<Wait | undefined> {
    const { rows } = await this.pool.query<{ key: string; seconds: number }>(
      `select key, ceil(extract(epoch from blocked_until - clock_timestamp()))::int as seconds from ops.sign_in_failure
       where key = any($1) and blocked_until > clock_timestamp() order by blocked_until desc limit 1`,
      [keysOf(attempt)],
    );
    const row = rows[0];
    if (!row) return undefined;
    const first = await this.pool.query('update ops.sign_in_failure set told = true where key = $1 and not told', [
      row.key,
    ]);
    const isFirst = first.rowCount === 1;
    if (!isFirst) await this.pool.query('update ops.sign_in_failure set held = held + 1 where key = $1', [row.key]);
    return { key: row.key, seconds: Math.max(1, row.seconds), rule: ruleOf(row.key), isFirst };
  }

  async failed(attempt: Attempt): Promise<void> {
    for (const key of keysOf(attempt)) if (key !== undefined) await this.#add(key, ruleOf(key));
  }

  /**
   * The right password: what was tried on this account before (in a known browser: there) is forgotten; what was tried from
   * this address is not.
   */
  async succeeded(attempt: Attempt): Promise<void> {
    await this.pool.query('update ops.sign_in_failure set level = 0 where key = $1', [keysOf(attempt)[0]]);
  }

  /** An administrator has given the account a new password: whoever has it need not wait. */
  async forgive(account: string): Promise<void> {
    await this.pool.query(
      `update ops.sign_in_failure set level = 0, blocked_until = clock_timestamp()
       where key = $1 or starts_with(key, $2)`,
      [`account:${account}`, `device:${account}:`],
    );
  }

  async #add(key: string, rule: ThrottleRule): Promise<void> {
    const { rows } = await this.pool.query<{ level: number }>(
      `insert into ops.sign_in_failure as f (key, level, changed_at, blocked_until)
       values ($1, 1, clock_timestamp(), clock_timestamp())
       on conflict (key) do update set changed_at = clock_timestamp(),
         level = 1 + greatest(0, f.level - extract(epoch from clock_timestamp() - f.changed_at) / $2::float8)
       returning level`,
      [key, rule.drainSeconds],
    );
    const seconds = waitAfter(rows[0]?.level ?? 0, rule);
    if (seconds === 0) return;
    await this.pool.query(
      `update ops.sign_in_failure set told = false, blocked_until = clock_timestamp() + make_interval(secs => $2)
       where key = $1`,
      [key, seconds],
    );
  }
}
