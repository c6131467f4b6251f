import { Inject, Injectable } from '@nestjs/common';
import type { UserId } from '@palimpsest/domain';
import type pg from 'pg';
import { Problem } from '../platform/problem.js';
import { POOL } from '../platform/tokens.js';

/** E-mail addresses of accounts, in small letters. In `ops`, never in the log. An address belongs to one account at most. */
@Injectable()
export class Emails {
  constructor(@Inject(POOL) private readonly pool: pg.Pool) {}

  /** The addresses of `users`, and whose `emails` are. */
  async of(users: readonly UserId[], emails: readonly string[]) {
    const { rows } = await this.pool.query<{ user: UserId; email: string }>(
      'select user_id as user, email from ops.email where user_id = any($1::uuid[]) or email = any($2::text[])',
      [users, emails],
    );
    return {
      emailOf: new Map(rows.map(({ user, email }) => [user, email])),
      ownerOfEmail: new Map(rows.map(({ user, email }) => [email, user])),
    };
  }

  /** Throws Problem when another account has it. */
  async set(user: UserId, email: string): Promise<void> {
    try {
      await this.pool.query(
        `insert into ops.email (user_id, email) values ($1, $2)
         on conflict (user_id) do update set email = excluded.email`,
        [user, email],
      );
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error;
      throw new Problem(409, 'email-taken', `The e-mail address ${email} belongs to another account by now.`);
    }
  }
}
