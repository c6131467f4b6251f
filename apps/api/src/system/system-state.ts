import { type EventStore, SchemaMismatch, Unavailable } from '@palimpsest/event-store';
import { type ProjectionStatus, projectionStatus, type RebuildStatus } from '@palimpsest/projections';
import type { EventStoreStateDto, ProjectionStateDto, RebuildStateDto, SystemDto } from '@palimpsest/protocol';
import type pg from 'pg';

/** How long a page waits for the event store before it is told that it does not answer, milliseconds. */
const STORE_PATIENCE_MS = 3_000;

/** What the event store said of itself, and the projections compared with it. */
interface Seen {
  readonly identity: string;
  readonly head: string | null;
  readonly projections: readonly ProjectionStatus[];
}

/** The event store and what is built from it, as the page "System" shows them. */
export class SystemState {
  /** One look for all who ask at once: calls to a store that is away take long and must not pile up. */
  #looking: Promise<Seen> | undefined;
  /** Kept for when the store does not answer: without it no checkpoint can be told to be of this log. */
  #identity: string | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly pool: pg.Pool,
    private readonly kind: EventStoreStateDto['kind'],
    private readonly patienceMs = STORE_PATIENCE_MS,
  ) {}

  /** Never fails for want of the event store: `available` says so then, and what only the store could tell is left open. */
  async read(): Promise<SystemDto> {
    try {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
      const { identity, head, projections } = await within(this.patienceMs, this.#looking);
      return {
        eventStore: { kind: this.kind, available: true, identity, head },
        projections: projections.map(projectionDto),
      };
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof SchemaMismatch)) throw error;
      return {
        eventStore: { kind: this.kind, available: false, identity: null, head: null },
        projections: await this.#withoutStore(),
      };
    }
  }

  async #look(): Promise<Seen> {
    const identity = await this.store.identity();
    this.#identity = identity;
    const head = (await this.store.head()) ?? null;
    return { identity, head, projections: await projectionStatus(this.store, this.pool) };
  }

  /** What the database alone can tell. */
  async #withoutStore(): Promise<ProjectionStateDto[]> {
    const identity = this.#identity;
    const statuses = await projectionStatus(emptyLog(identity ?? ''), this.pool);
    return statuses.map((status) => {
      const { state, fault, rebuild, ...rest } = projectionDto(status);
      const open = state === 'current' || (state === 'foreign-log' && identity === undefined);
      return {
        ...rest,
        state: open ? 'unknown' : state,
        share: null,
        fault: open ? null : fault,
        rebuild: rebuild && { ...rebuild, share: null },
      };
    });
  }
}

/** Compared with an empty log of the same name, everything that depends on the log's content counts as current. */
function emptyLog(identity: string): EventStore {
  const log: Pick<EventStore, 'identity' | 'head'> = {
    identity: () => Promise.resolve(identity),
    head: () => Promise.resolve(undefined),
  };
  return log as EventStore; // of an empty log nothing else is asked
}

/** Throws Unavailable when `work` takes longer; it goes on by itself. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `The event store has not answered within ${milliseconds} ms.`;
    timer = setTimeout(() => reject(new Unavailable(message)), milliseconds);
  });
  work.catch(() => undefined); // if it fails after its time
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function projectionDto(status: ProjectionStatus): ProjectionStateDto {
  const { name, kind, programVersion, storedVersion, state, position, share, skipped, rebuild } = status;
  return {
    name,
    kind,
    programVersion: programVersion ?? null,
    storedVersion: storedVersion ?? null,
    state,
    position: position ?? null,
    share,
    fault: status.fault ?? null,
    faultPosition: status.faultPosition ?? null,
    updatedAt: status.updatedAt?.toISOString() ?? null,
    skipped,
    rebuild: rebuild ? rebuildDto(rebuild) : null,
  };
}

function rebuildDto({ version, events, share, startedAt, running, fault }: RebuildStatus): RebuildStateDto {
  return { version, events, share, startedAt: startedAt.toISOString(), running, fault: fault ?? null };
}
