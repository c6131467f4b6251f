import type { Position } from '@palimpsest/event-store';
import type { ClientBase, Pool } from 'pg';
import type { ProjectionFault } from './faults.js';

/** What `read.checkpoint` says of one projection, and how many events it leaves out. */
export interface Checkpoint {
  readonly version: number;
  /** Identity of the log; null: nothing has been read yet. */
  readonly epoch: string | null;
  readonly position: Position | null;
  /** Number of events on its skip list. */
  readonly skips: number;
}

/** undefined: the projection has never been in this database. */
export async function readCheckpoint(pool: Pool, projection: string): Promise<Checkpoint | undefined> {
  const { rows } = await pool.query<Checkpoint>(
    `select version, epoch, position,
            (select count(*)::int from read.skip s where s.projection = c.projection and s.epoch = c.epoch) as skips
     from read.checkpoint c where projection = $1`,
    [projection],
  );
  return rows[0];
}

/** Where a projection stands: version and log as well as position, because a position alone says nothing. */
export interface Place {
  readonly projection: string;
  readonly version: number;
  readonly epoch: string;
  readonly position: Position | undefined;
}

/**
 * Moves the checkpoint, in the transaction under way, from exactly the place at which the caller left it, and returns the
 * positions on the skip list; undefined if it is not there any more. The row stays locked until the end of the transaction.
 */
export async function moveCheckpoint(
  transaction: ClientBase,
  { projection, version, epoch, position }: Place,
  target: Position,
): Promise<readonly Position[] | undefined> {
  const { rows } = await transaction.query<{ skipped: Position[] }>({
    name: 'move checkpoint', // several times a second, by each projection: prepared once
    text: `update read.checkpoint
     set position = $5, updated_at = clock_timestamp(), fault = null, fault_position = null, fault_at = null
     where projection = $1 and version = $2 and epoch = $3 and position is not distinct from $4
     returning array(select s.position from read.skip s where s.projection = $1 and s.epoch = $3) as skipped`,
    values: [projection, version, epoch, position ?? null, target],
  });
  return rows[0]?.skipped;
}

/** Writes a fault down for other processes; not over the work of somebody who has gone on from `seen` meanwhile. */
export async function recordFault(
  pool: Pool,
  projection: string,
  seen: Checkpoint,
  fault: ProjectionFault,
): Promise<void> {
  await pool.query(
    `update read.checkpoint set fault = $5, fault_position = $6, fault_at = clock_timestamp()
     where projection = $1 and version = $2 and epoch is not distinct from $3 and position is not distinct from $4
       and fault is distinct from $5`,
    [projection, seen.version, seen.epoch, seen.position, fault.message, fault.position ?? null],
  );
}

/** A fault without a position was about the version or the log: whoever can begin has shown that it is over. */
export async function clearBeginningFault(pool: Pool, projection: string): Promise<void> {
  await pool.query(
    `update read.checkpoint set fault = null, fault_at = null
     where projection = $1 and fault is not null and fault_position is null`,
    [projection],
  );
}
