import { type DomainEvent, executorLock, partsOfStream, readEvent } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase, Pool } from 'pg';
import type { AliveRun } from './fair-order.js';

/** What every node listens to: the register has changed. */
export const REGISTER_CHANNEL = 'palimpsest_runs';

/** An executor as the log knows it, and whether its process lives. */
export interface KnownExecutor {
  readonly name: string;
  readonly places: number;
  readonly sandbox: string;
  /** It has said that it stops. */
  readonly stopped: boolean;
  /** Whether its lock is held. */
  readonly atWork: boolean;
  /** Of what its machine is short; null: it starts runs. */
  readonly short: string | null;
}

/**
 * The register of the queue's reactor (tables ops.alive_run and ops.executor): which runs have not ended, in the order of
 * their requests, and which executors there are. Written from the log alone, in the transaction that moves the checkpoint.
 */
export async function applyToRegister(recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  if (!CHANGES.has(recorded.type)) return;
  const { id } = partsOfStream(recorded.stream);
  await apply(readEvent(recorded), id, tx);
  await tx.query(`notify ${REGISTER_CHANNEL}`);
}

const CHANGES: ReadonlySet<string> = new Set<DomainEvent['type']>([
  'RunRequested',
  'RunStarted',
  'ReplEntered',
  'RunFinished',
  'ExecutorStarted',
  'ExecutorStopped',
  'IntakePaused',
  'IntakeResumed',
]);

async function apply(event: DomainEvent, id: string, tx: ClientBase): Promise<unknown> {
  switch (event.type) {
    case 'RunRequested':
      return tx.query(
        `insert into ops.alive_run (run, person, state) values ($1, $2, 'waiting') on conflict (run) do nothing`,
        [id, event.data.by],
      );
    case 'RunStarted':
      await tx.query(
        `insert into ops.executor (name, places, sandbox) values ($1, 0, $2) on conflict (name) do nothing`,
        [event.data.executor, event.data.sandbox],
      );
      return tx.query(`update ops.alive_run set state = 'script', executor = $2 where run = $1`, [
        id,
        event.data.executor,
      ]);
    case 'ReplEntered':
      return tx.query(`update ops.alive_run set state = 'prompt' where run = $1 and state = 'script'`, [id]);
    case 'RunFinished':
      return tx.query('delete from ops.alive_run where run = $1', [id]);
    case 'ExecutorStarted': {
      const { places, sandbox, reason } = event.data;
      await tx.query(
        `insert into ops.executor (name, places, sandbox, reason) values ($1, $2, $3, $4)
         on conflict (name) do update set places = $2, sandbox = $3, reason = $4, stopped = false, short = null,
           measured = null, threshold = null, missing_since = null`,
        [id, places, sandbox, reason],
      );
      // It begins with nothing: what it is still said to run was lost with the process before it.
      return tx.query(`update ops.alive_run set lost = true where executor = $1`, [id]);
    }
    case 'ExecutorStopped':
      return tx.query('update ops.executor set stopped = true, short = null where name = $1', [id]);
    case 'IntakePaused': {
      const { short, measured, threshold } = event.data;
      return tx.query('update ops.executor set short = $2, measured = $3, threshold = $4 where name = $1', [
        id,
        short,
        measured,
        threshold,
      ]);
    }
    case 'IntakeResumed':
      return tx.query('update ops.executor set short = null, measured = null, threshold = null where name = $1', [id]);
    default:
      return undefined;
  }
}

/** Every run that has not ended, in the order of the requests. */
export async function readAlive(client: ClientBase | Pool): Promise<AliveRun[]> {
  const { rows } = await client.query<Omit<AliveRun, 'turnNo'> & { turnNo: string | null }>(
    `select run, person, state, turn, turn_no as "turnNo" from ops.alive_run order by arrival`,
  );
  return rows.map((row) => ({ ...row, turnNo: row.turnNo === null ? null : Number(row.turnNo) }));
}

/**
 * Whether an executor's process lives: it holds an advisory lock, which pg_locks shows to everybody. Looking takes nothing;
 * trying to take the lock would keep an executor out that is just starting. The two halves of the key are unsigned there.
 */
const AT_WORK = `exists (
  select from pg_locks l
  where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('${executorLock('')}' || e.name, 0))`;

export async function readExecutors(client: ClientBase | Pool): Promise<KnownExecutor[]> {
  const { rows } = await client.query<KnownExecutor>(
    `select name, places, sandbox, stopped, short, ${AT_WORK} as "atWork" from ops.executor e order by name`,
  );
  return rows;
}

/**
 * Runs of executors that are no more: started anew since, or without a lock for `graceMs` (a restart of Postgres takes all
 * locks for a moment). Notes since when a lock is missing.
 */
export async function readLost(client: ClientBase, graceMs: number): Promise<string[]> {
  await client.query(
    `update ops.executor e set missing_since = case when ${AT_WORK} then null else clock_timestamp() end
     where (missing_since is null) <> (${AT_WORK})`,
  );
  const { rows } = await client.query<{ run: string }>(
    `select run from ops.alive_run r join ops.executor e on e.name = r.executor
     where r.state <> 'waiting'
       and (r.lost or e.missing_since < clock_timestamp() - make_interval(secs => $1::float8 / 1000))
     order by arrival`,
    [graceMs],
  );
  return rows.map(({ run }) => run);
}
