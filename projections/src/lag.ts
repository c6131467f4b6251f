import type { EventStore, Position } from '@palimpsest/event-store';
import type { Pool } from 'pg';
import { filterOf, type Projector } from './projector.js';
import { PROJECTORS, REACTORS } from './projectors.js';

/** How far a projection is behind the log. */
export interface ProjectionLag {
  readonly name: string;
  /** Events in the log that concern it and that it has not applied; at most `MOST_COUNTED` are counted. */
  readonly events: number;
  /** Age of the oldest of them, seconds; 0 if there are none. */
  readonly seconds: number;
  /** It goes no further by itself: at an event that it cannot apply, or not made for this log. */
  readonly stopped: boolean;
}

/** A projection that is further behind is behind enough: counting reads the events. */
const MOST_COUNTED = 1_000;

type Known = Pick<Projector, 'name' | 'version' | 'streamPrefixes' | 'typePrefixes'>;

/** How far each read model and reactor is behind. What has nothing to do costs one look at the log each. */
export async function projectionLag(
  store: EventStore,
  pool: Pool,
  known: readonly Known[] = [...PROJECTORS, ...REACTORS],
): Promise<ProjectionLag[]> {
  const [epoch, head] = [await store.identity(), await store.head()];
  const { rows } = await pool.query<Checkpoint>(
    `select projection, version, epoch, position, fault_position is not null as stopped from read.checkpoint`,
  );
  return Promise.all(
    known.map(async (projection) => {
      const stored = rows.find((row) => row.projection === projection.name);
      const isOurs = stored?.version === projection.version && (stored.epoch === null || stored.epoch === epoch);
      if (!stored || !isOurs) return { name: projection.name, events: 0, seconds: 0, stopped: true };
      const behind = await countBehind(store, projection, stored.position, head);
      return { name: projection.name, ...behind, stopped: stored.stopped };
    }),
  );
}

interface Checkpoint {
  readonly projection: string;
  readonly version: number;
  readonly epoch: string | null;
  readonly position: Position | null;
  readonly stopped: boolean;
}

async function countBehind(
  store: EventStore,
  projection: Known,
  position: Position | null,
  head: Position | undefined,
): Promise<Pick<ProjectionLag, 'events' | 'seconds'>> {
  if (head === undefined || (position !== null && store.comparePositions(position, head) >= 0))
    return { events: 0, seconds: 0 };
  const after = position === null ? {} : { after: position };
  let events = 0;
  let oldest = Date.now();
  for await (const { recordedAt } of store.readAll({ ...after, ...filterOf(projection), limit: MOST_COUNTED })) {
    if (events === 0) oldest = recordedAt.getTime();
    events += 1;
  }
  return { events, seconds: events === 0 ? 0 : Math.max(0, (Date.now() - oldest) / 1000) };
}
