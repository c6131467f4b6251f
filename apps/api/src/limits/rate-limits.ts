import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { LimitKind, Role } from '@palimpsest/domain';
import { Redis } from 'ioredis';
import type pg from 'pg';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, POOL } from '../platform/tokens.js';

export const WINDOW_SECONDS = 60;

/** Kinds that are counted over all nodes. */
export type RateKind = Extract<LimitKind, `${string}-a-minute`>;

/** Whose use is counted: a person with a role, or an address without one. */
export interface Whose {
  readonly id: string;
  readonly role: Role | 'system' | undefined;
}

/** What became of asking for one more. */
export interface Taken {
  readonly allowed: boolean;
  readonly most: number;
  readonly remaining: number;
  /** Until the window ends and all of it is free again, milliseconds. */
  readonly resetMs: number;
}

/** Messages that a node counts before it tells the others: a twelfth of what is allowed in a minute. */
export function messageBlock(messagesPerMinute: number): number {
  return Math.ceil(messagesPerMinute / 12);
}

/** How long Redis may take to answer before this process counts by itself, milliseconds. */
const REDIS_ANSWER_MS = 500;

/**
 * What a person, or an address, has used in a minute, counted over all nodes: in Postgres, or in Redis where there is one. A
 * window begins with the first use and ends after a minute. While neither answers each node counts for itself: a limit that
 * fails must not stop a lesson. Who is over is refused from memory, so that a flood does not become one of the database.
 */
@Injectable()
export class RateLimits implements OnApplicationShutdown {
  readonly #limiters = new Map<string, RateLimiterAbstract>();
  readonly #redis: Redis | undefined;

  constructor(
    @Inject(CONFIGURATION)
    private readonly configuration: Pick<Configuration, 'rateLimits' | 'messagesPerMinute' | 'redisUrl'>,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {
    const { redisUrl } = configuration;
    if (redisUrl === undefined) return;
    this.#redis = new Redis(redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: REDIS_ANSWER_MS,
    });
    this.#redis.on('error', () => undefined); // it connects again by itself
  }

  onApplicationShutdown(): void {
    this.#redis?.disconnect();
  }

  /** How many of this kind they may use in a minute. */
  mostOf(kind: RateKind, { role }: Whose): number {
    const { rateLimits, messagesPerMinute } = this.configuration;
    const isStaff = role !== 'student';
    switch (kind) {
      case 'runs-a-minute':
        return isStaff ? rateLimits.runs.staff : rateLimits.runs.student;
      case 'file-operations-a-minute':
        return isStaff ? rateLimits.fileOperations.staff : rateLimits.fileOperations.student;
      case 'sign-ins-a-minute':
        return rateLimits.signIns;
      case 'anonymous-requests-a-minute':
        return rateLimits.anonymousRequests;
      case 'messages-a-minute':
        // What passes a full bucket that fills again meanwhile, and a block that was told late: see PersonLimits.
        return 2 * messagesPerMinute + messageBlock(messagesPerMinute);
    }
  }

  /** Counts `points` more, also of what is refused, which changes nothing. Never rejects. */
  async take(kind: RateKind, whose: Whose, points = 1): Promise<Taken> {
    const most = this.mostOf(kind, whose);
    try {
      return taken(true, most, await this.#limiter(kind, most).consume(whose.id, points));
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return taken(false, most, refused);
      return { allowed: true, most, remaining: most, resetMs: 0 };
    }
  }

  #limiter(kind: RateKind, most: number): RateLimiterAbstract {
    const name = `${kind} ${most}`;
    const known = this.#limiters.get(name);
    if (known) return known;
    const size = { keyPrefix: kind, points: most, duration: WINDOW_SECONDS };
    const shared = {
      ...size,
      inMemoryBlockOnConsumed: most + 1,
      insuranceLimiter: new RateLimiterMemory(size),
    };
    const limiter = this.#redis
      ? new RateLimiterRedis({ ...shared, storeClient: this.#redis, rejectIfRedisNotReady: true })
      : new RateLimiterPostgres({
          ...shared,
          storeClient: this.pool,
          storeType: 'pool',
          schemaName: 'ops',
          tableName: 'rate_limit',
          tableCreated: true,
        });
    this.#limiters.set(name, limiter);
    return limiter;
  }
}

function taken(allowed: boolean, most: number, { remainingPoints, msBeforeNext }: RateLimiterRes): Taken {
  return { allowed, most, remaining: Math.max(0, remainingPoints), resetMs: Math.max(0, msBeforeNext) };
}
