import type { Position } from '@palimpsest/event-store';
import type { Pool } from 'pg';
import { EVIDENCE_REACTOR } from './projectors.js';

export interface SkippedEvent {
  readonly projection: string;
  /** As the fault names it. */
  readonly position: Position;
  /** Why the read model may do without this event; for whoever wonders later. Not empty. */
  readonly reason: string;
  /** Who decided that. Not empty. */
  readonly skippedBy: string;
}

/** The projection is not stopped at this position, where leaving out an event that it can apply would lose it; or it needs every event. */
export class SkipRefused extends Error {
  readonly code = 'skip-refused';
  constructor(message: string) {
    super(message);
    this.name = 'SkipRefused';
  }
}

/**
 * Puts an event on the skip list of a projection that has stopped at it, live or in a rebuild. From then on it is left out
 * in both, whatever the version; it stays in the log. A live projection goes on by itself within some seconds; a rebuild is to
 * be called again. Safe to repeat. Needs the rights of the database's owner. Throws SkipRefused.
 */
export async function skipEvent(owner: Pool, skip: SkippedEvent): Promise<void> {
  const { projection, position, reason, skippedBy } = skip;
  if (reason.trim() === '' || skippedBy.trim() === '')
    throw new SkipRefused('Say why the event is left out and who decided it: both are kept.');
  if (projection === EVIDENCE_REACTOR.name)
    throw new SkipRefused(
      'What vouches for the log has every event: without one, every checkpoint after it would say that the log was changed. Upgrade the program, or restore the log; "evidence verify" says what is wrong with it.',
    );
  const stops = await stopsOf(owner, projection);
  const stop = stops.find((found) => found.position === position);
  if (!stop) throw new SkipRefused(refusal(projection, position, stops));
  await owner.query(
    `insert into read.skip (projection, epoch, position, reason, skipped_by) values ($1, $2, $3, $4, $5)
     on conflict (projection, epoch, position) do nothing`,
    [projection, stop.epoch, position, reason, skippedBy],
  );
}

interface Stop {
  readonly epoch: string;
  readonly position: Position;
}

async function stopsOf(pool: Pool, projection: string): Promise<Stop[]> {
  const { rows } = await pool.query<Stop>(
    `select epoch, fault_position as position from read.checkpoint where projection = $1 and fault_position is not null
     union
     select epoch, fault_position from read.rebuild where projection = $1 and fault_position is not null`,
    [projection],
  );
  return rows;
}

function refusal(projection: string, position: Position, stops: readonly Stop[]): string {
  const where =
    stops.length === 0
      ? 'it has not stopped at any event'
      : `it has stopped at ${stops.map((stop) => stop.position).join(' and ')}`;
  return `The event at position ${position} cannot be left out of "${projection}": ${where}. Only an event at which a projection has stopped can be.`;
}
