import type { EventStore, Position } from '@palimpsest/event-store';
import type { Pool } from 'pg';
import { ForeignCheckpoint, ForeignReactor, ReadModelOutdated, ReadModelTooNew } from './faults.js';
import { filterOf, type Projector } from './projector.js';
import { PROJECTORS, REACTORS } from './projectors.js';
import { rebuildLockKey } from './rebuild.js';

/**
 * `current`: nothing in the log is missing. `behind`: it has not got everything yet. `stopped`: at an event that cannot be
 * applied. `outdated`, `too-new`: the tables are of an older (or no) or a newer version than this program's. `foreign-log`:
 * built from another log. `never-run`: the tables are there and have never been fed.
 */
export type ProjectionState = 'current' | 'behind' | 'stopped' | 'outdated' | 'too-new' | 'foreign-log' | 'never-run';

export interface ProjectionStatus {
  readonly name: string;
  readonly kind: 'read-model' | 'reactor';
  /** undefined: this program knows no projection of this name. */
  readonly programVersion: number | undefined;
  /** undefined: there is nothing of it in the database. */
  readonly storedVersion: number | undefined;
  readonly state: ProjectionState;
  /** Up to where it has read; undefined: nothing. */
  readonly position: Position | undefined;
  /** The newest event of the log; undefined: it is empty. */
  readonly head: Position | undefined;
  /** Roughly which part of the log it has read, from 0 to 1; 1 when it is current. */
  readonly share: number;
  /** What is wrong and what to do about it; undefined when nothing is. */
  readonly fault: string | undefined;
  /** The event at which it has stopped. */
  readonly faultPosition: Position | undefined;
  readonly updatedAt: Date | undefined;
  /** Number of events that it leaves out. */
  readonly skipped: number;
  readonly rebuild: RebuildStatus | undefined;
}

export interface RebuildStatus {
  readonly version: number;
  /** Events in the new tables. */
  readonly events: number;
  /** Roughly which part of the log they hold, from 0 to 1. */
  readonly share: number;
  readonly startedAt: Date;
  /** Whether a process is at work on it; if not, the next rebuild goes on with it. */
  readonly running: boolean;
  /** Why the rebuild has stopped, and at which event. */
  readonly fault: string | undefined;
  readonly faultPosition: Position | undefined;
}

/** What is known of a projection without its code. */
type Known = Pick<Projector, 'name' | 'version' | 'streamPrefixes' | 'typePrefixes'>;

interface StoredCheckpoint {
  readonly projection: string;
  readonly version: number;
  readonly epoch: string | null;
  readonly position: Position | null;
  readonly updatedAt: Date;
  readonly fault: string | null;
  readonly faultPosition: Position | null;
  readonly skipped: number;
}

interface StoredRebuild {
  readonly projection: string;
  readonly version: number;
  readonly epoch: string;
  readonly position: Position | null;
  readonly events: string;
  readonly startedAt: Date;
  readonly running: boolean;
  readonly fault: string | null;
  readonly faultPosition: Position | null;
}

interface Log {
  readonly store: EventStore;
  readonly epoch: string;
  readonly head: Position | undefined;
}

/**
 * State of every read model and reactor that this program knows or the database has, read models first. Any role that may
 * read schema `read` can ask; `projectors` and `reactors` are the program's own unless a test says otherwise.
 */
export async function projectionStatus(
  store: EventStore,
  pool: Pool,
  projectors: readonly Known[] = PROJECTORS,
  reactors: readonly Known[] = REACTORS,
): Promise<ProjectionStatus[]> {
  const checkpoints = await readCheckpoints(pool);
  const rebuilds = await readRebuilds(pool);
  const log: Log = { store, epoch: await store.identity(), head: await store.head() };
  const names = [...projectors, ...reactors, ...unknownOf(checkpoints, [...projectors, ...reactors])];
  const answers = names.map(async (known) => {
    const kind = projectors.some(({ name }) => name === known.name) ? 'read-model' : 'reactor';
    const stored = checkpoints.find(({ projection }) => projection === known.name);
    const rebuild = rebuilds.find(({ projection }) => projection === known.name);
    return { ...(await statusOf(known, kind, stored, log)), rebuild: rebuild && rebuildStatus(rebuild, log) };
  });
  return Promise.all(answers);
}

async function readCheckpoints(pool: Pool): Promise<StoredCheckpoint[]> {
  const { rows } = await pool.query<StoredCheckpoint>(
    `select projection, version, epoch, position, updated_at as "updatedAt", fault, fault_position as "faultPosition",
            (select count(*)::int from read.skip s where s.projection = c.projection and s.epoch = c.epoch) as skipped
     from read.checkpoint c order by projection`,
  );
  return rows;
}

/** Postgres shows a lock on a 64-bit key as its two halves. */
async function readRebuilds(pool: Pool): Promise<StoredRebuild[]> {
  const { rows } = await pool.query<StoredRebuild>(
    `select projection, version, epoch, position, events, started_at as "startedAt", fault, fault_position as "faultPosition",
            exists (select from pg_locks
                    where locktype = 'advisory' and granted and objsubid = 1
                      and database = (select oid from pg_database where datname = current_database())
                      and (classid::bigint << 32) | objid::bigint = hashtextextended($1 || projection, 0)) as running
     from read.rebuild`,
    [rebuildLockKey('')],
  );
  return rows;
}

/** Rows that no code of this program belongs to: of a program that was here before, or of one that comes after. */
function unknownOf(stored: readonly StoredCheckpoint[], known: readonly Known[]): StoredOnly[] {
  return stored
    .filter(({ projection }) => !known.some(({ name }) => name === projection))
    .map(({ projection }) => ({ name: projection, version: undefined }));
}

type StoredOnly = Omit<Known, 'version'> & { readonly version: undefined };

async function statusOf(
  known: Known | StoredOnly,
  kind: ProjectionStatus['kind'],
  stored: StoredCheckpoint | undefined,
  log: Log,
): Promise<Omit<ProjectionStatus, 'rebuild'>> {
  const state = await stateOf(known, kind, stored, log);
  const position = stored?.position ?? undefined;
  return {
    name: known.name,
    kind,
    programVersion: known.version,
    storedVersion: stored?.version,
    state,
    position,
    head: log.head,
    // A position of another log, or of another kind of store, says nothing here.
    share: state === 'current' ? 1 : stored?.epoch === log.epoch ? shareOf(position, log) : 0,
    fault: faultOf(known, kind, state, stored),
    faultPosition: state === 'stopped' ? (stored?.faultPosition ?? undefined) : undefined,
    updatedAt: stored?.updatedAt,
    skipped: stored?.skipped ?? 0,
  };
}

async function stateOf(
  known: Known | StoredOnly,
  kind: ProjectionStatus['kind'],
  stored: StoredCheckpoint | undefined,
  log: Log,
): Promise<ProjectionState> {
  if (!stored) return kind === 'read-model' ? 'outdated' : 'never-run';
  if (known.version !== undefined && stored.version > known.version) return 'too-new';
  if (stored.epoch !== null && stored.epoch !== log.epoch) return 'foreign-log';
  // A reactor has no tables: its next version goes on where the one before it was.
  if (kind === 'read-model' && known.version !== undefined && stored.version < known.version) return 'outdated';
  if (stored.faultPosition !== null) return 'stopped';
  if (stored.epoch === null) return 'never-run';
  return (await isCurrent(known, stored.position, log)) ? 'current' : 'behind';
}

/** The checkpoint may lie before the head although nothing after it concerns this projection: the log itself is asked then. */
async function isCurrent(known: Known | StoredOnly, position: Position | null, { store, head }: Log): Promise<boolean> {
  if (head === undefined) return true;
  if (position !== null && store.comparePositions(position, head) >= 0) return true;
  const after = position === null ? {} : { after: position };
  for await (const event of store.readAll({ ...after, ...filterOf(known), limit: 1 }))
    return store.comparePositions(event.position, head) > 0;
  return true;
}

function shareOf(position: Position | undefined, { store, head }: Log): number {
  if (head === undefined) return 1;
  return position === undefined ? 0 : store.shareOfLog(position, head);
}

/** Version and log are compared with this program's own, so it says what it means for this program. */
function faultOf(
  { name, version = 0 }: Known | StoredOnly,
  kind: ProjectionStatus['kind'],
  state: ProjectionState,
  stored: StoredCheckpoint | undefined,
): string | undefined {
  switch (state) {
    case 'stopped':
      return stored?.fault ?? undefined;
    case 'outdated':
      return new ReadModelOutdated(name, stored?.version, version).message;
    case 'too-new':
      return new ReadModelTooNew(name, stored?.version ?? 0, version).message;
    case 'foreign-log':
      return new (kind === 'reactor' ? ForeignReactor : ForeignCheckpoint)(name).message;
    case 'current':
    case 'behind':
    case 'never-run':
      return undefined;
  }
}

function rebuildStatus(rebuild: StoredRebuild, log: Log): RebuildStatus {
  const { version, events, startedAt, running, epoch, position, fault, faultPosition } = rebuild;
  return {
    version,
    events: Number(events),
    share: epoch === log.epoch ? shareOf(position ?? undefined, log) : 0,
    startedAt,
    running,
    fault: fault ?? undefined,
    faultPosition: faultPosition ?? undefined,
  };
}
