import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Role } from '@palimpsest/domain';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, POOL } from '../platform/tokens.js';
import type { Principal } from './principal.js';

export interface NewSession {
  readonly sessionId: string;
  /** 32 random bytes; only its keyed hash is stored. */
  readonly token: string;
}

/** From where somebody signs in. */
export interface Origin {
  readonly userAgent: string;
  readonly address: string;
}

export interface OpenSession extends Origin {
  readonly id: string;
  readonly since: Date;
  readonly lastSeen: Date;
}

/** How exact "last seen" is, seconds: a row that every request wrote would cost more than it says. */
const SEEN_SECONDS = 60;

interface SessionRow {
  readonly session_id: string;
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly role: Role;
  readonly must_change: boolean;
  readonly unseen: boolean;
}

const PRINCIPAL = `s.session_id, s.user_id, p.username, p.display_name, p.role,
         s.must_change,
         s.last_seen_at < clock_timestamp() - make_interval(secs => ${SEEN_SECONDS}) as unseen`;
const FROM = 'from ops.session s join read.person p on p.id = s.user_id';

function principalOf(row: SessionRow): Principal {
  return {
    userId: row.user_id,
    sessionId: row.session_id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    mustChangePassword: row.must_change,
  };
}

/** Sessions of people who are signed in. */
@Injectable()
export class Sessions {
  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** With `mustChange` nothing but choosing another password works in it. */
  async open(userId: string, { userAgent, address }: Origin, mustChange = false): Promise<NewSession> {
    const session: NewSession = { sessionId: randomUUID(), token: randomBytes(32).toString('base64url') };
    await this.pool.query(
      `insert into ops.session (token_hash, session_id, user_id, expires_at, user_agent, address, must_change)
       values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), $5, $6, $7)`,
      [
        this.#hash(session.token),
        session.sessionId,
        userId,
        this.configuration.sessionSeconds,
        userAgent,
        address,
        mustChange,
      ],
    );
    return session;
  }

  async close(sessionId: string): Promise<void> {
    await this.pool.query('delete from ops.session where session_id = $1', [sessionId]);
  }

  /** The person with this token; undefined if it is unknown, expired, or the account is deactivated. */
  async principal(token: string): Promise<Principal | undefined> {
    if (token.length > 200) return undefined;
    const { rows } = await this.pool.query<SessionRow>(
      `select ${PRINCIPAL}
       ${FROM}
       where s.token_hash = any($1) and s.expires_at > clock_timestamp() and p.active`,
      [this.#hashes(token)],
    );
    if (rows[0]?.unseen) await this.#see(rows[0].session_id);
    return rows[0] && principalOf(rows[0]);
  }

  /**
   * The person of a session that was opened before, as they are now; undefined if it has ended, or the account is
   * deactivated. For connections that outlive the request in which the token was shown.
   */
  async current(sessionId: string): Promise<Principal | undefined> {
    const { rows } = await this.pool.query<SessionRow>(
      `select ${PRINCIPAL}
       ${FROM}
       where s.session_id = $1 and s.expires_at > clock_timestamp() and p.active`,
      [sessionId],
    );
    return rows[0] && principalOf(rows[0]);
  }

  /** Those of `sessionIds` that have ended. */
  async ended(sessionIds: readonly string[]): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `select id from unnest($1::uuid[]) id
       where not exists (select from ops.session s where s.session_id = id and s.expires_at > clock_timestamp())`,
      [sessionIds],
    );
    return rows.map(({ id }) => id);
  }

  /** The person has chosen a password: from here on everything works in this session. */
  async passwordChosen(sessionId: string): Promise<void> {
    await this.pool.query('update ops.session set must_change = false where session_id = $1', [sessionId]);
  }

  /** Where the account is signed in, the newest first. */
  async ofUser(userId: string): Promise<OpenSession[]> {
    const { rows } = await this.pool.query<OpenSession>(
      `select session_id as id, user_agent as "userAgent", address, opened_at as since, last_seen_at as "lastSeen"
       from ops.session where user_id = $1 and expires_at > clock_timestamp() order by opened_at desc, session_id`,
      [userId],
    );
    return rows;
  }

  async #see(sessionId: string): Promise<void> {
    await this.pool.query('update ops.session set last_seen_at = clock_timestamp() where session_id = $1', [sessionId]);
  }

  #hash(token: string, key = this.configuration.secretKey): Buffer {
    return createHmac('sha256', key).update(token).digest();
  }

  /** With the key of now and, while there is one, that of before: sessions are opened with the first alone. */
  #hashes(token: string): Buffer[] {
    const { secretKey, previousSecretKey } = this.configuration;
    return [secretKey, previousSecretKey].flatMap((key) => (key === undefined ? [] : [this.#hash(token, key)]));
  }
}
