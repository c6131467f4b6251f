import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import { type ProjectionLag, projectionLag } from '@palimpsest/projections';
import type pg from 'pg';
import { Rooms } from '../collaboration/rooms.js';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';
import { type KnownExecutor, readExecutors } from '../runs/run-register.js';
import {
  type DiskFigures,
  diskFigures,
  EventLoopWatch,
  type LoopDelay,
  type ProcessFigures,
  processFigures,
} from './process-figures.js';

/** For so long an answer of the database serves everybody who asks, milliseconds. */
const FRESH_MS = 5_000;

/** What the database tells of the whole installation. */
export interface SharedFigures {
  readonly runsWaiting: number;
  readonly runsAlive: number;
  /** Since when the run waits that has waited longest, seconds; 0 if none does. */
  readonly longestWaitSeconds: number;
  readonly executors: readonly KnownExecutor[];
  readonly connections: number;
  readonly mostConnections: number;
  readonly lag: readonly ProjectionLag[];
}

export interface OwnFigures extends ProcessFigures {
  readonly loop: LoopDelay;
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
  readonly rooms: number;
  /** By kind: `collab`, `runs`. */
  readonly sockets: Readonly<Record<string, number>>;
  readonly disk: DiskFigures | undefined;
}

/** What is looked at when somebody asks, rather than counted as it happens. */
@Injectable()
export class ServiceState implements OnApplicationShutdown {
  readonly #loop = new EventLoopWatch();
  #shared: Promise<SharedFigures | undefined> | undefined;
  #readAt = -Infinity;
  #openSockets: () => Readonly<Record<string, number>> = () => ({});

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'dataFolder'>,
    private readonly rooms: Rooms,
  ) {}

  /** Whoever takes sockets in says here how many are open. */
  countSockets(openSockets: () => Readonly<Record<string, number>>): void {
    this.#openSockets = openSockets;
  }

  onApplicationShutdown(): void {
    this.#loop.stop();
  }

  async own(): Promise<OwnFigures> {
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = this.pool;
    return {
      ...processFigures(),
      loop: this.#loop.delay,
      pool: { total, idle, waiting },
      rooms: this.rooms.count,
      sockets: this.#openSockets(),
      disk: await diskFigures(this.configuration.dataFolder),
    };
  }

  /** Undefined while the database or the event store does not answer. One look serves all who ask within some seconds. */
  shared(): Promise<SharedFigures | undefined> {
    const now = performance.now();
    if (this.#shared && now - this.#readAt < FRESH_MS) return this.#shared;
    this.#readAt = now;
    return (this.#shared = this.#read().catch(() => undefined));
  }

  async #read(): Promise<SharedFigures> {
    const { rows } = await this.pool.query<Omit<SharedFigures, 'executors' | 'lag'>>(
      `select count(*)::int as "runsAlive", count(*) filter (where a.state = 'waiting')::int as "runsWaiting",
         coalesce(greatest(extract(epoch from clock_timestamp() - min(r.requested_at) filter (where a.state = 'waiting')), 0), 0)::float8
           as "longestWaitSeconds",
         (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
         current_setting('max_connections')::int as "mostConnections"
       from ops.alive_run a left join read.run r on r.id = a.run`,
    );
    const [row] = rows;
    if (!row) throw new Error('an aggregate has a row');
    const [executors, lag] = [await readExecutors(this.pool), await projectionLag(this.store, this.pool)];
    return { ...row, executors: executors.filter(({ atWork }) => atWork), lag };
  }
}
