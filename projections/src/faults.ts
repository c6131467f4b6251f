import type { Position, RecordedEvent } from '@palimpsest/event-store';

/** Why a projection does not go on by itself. Trying again changes nothing until somebody has done what the message says. */
export abstract class ProjectionFault extends Error {
  abstract readonly code: string;
  /** The event at which it has stopped; undefined when it has not begun. */
  readonly position: Position | undefined = undefined;
}

export function rebuildCommand(projection: string): string {
  return `npm run palimpsest -- projections rebuild ${projection}`;
}

/** The event at `position` cannot be applied: the projection, or its rebuild, has stopped there. */
export class ProjectionStopped extends ProjectionFault {
  readonly code = 'projection-stopped';
  override readonly position: Position;
  constructor(projection: string, event: RecordedEvent, cause: unknown, work: 'live' | 'rebuild' = 'live') {
    const what = work === 'live' ? `The read model "${projection}"` : `The rebuild of the read model "${projection}"`;
    super(
      `${what} has stopped at position ${event.position} (${event.type} in ${event.stream}): ${String(cause)}. ` +
        'Upgrade the program, or leave this event out: ' +
        `npm run palimpsest -- projections skip ${projection} --position ${event.position} --reason "…"`,
      { cause },
    );
    this.name = 'ProjectionStopped';
    this.position = event.position;
  }
}

/** The checkpoint belongs to another log: the store was restored or exchanged. */
export class ForeignCheckpoint extends ProjectionFault {
  readonly code = 'foreign-checkpoint';
  constructor(projection: string) {
    super(
      `The read model "${projection}" was built from another event log (the store was restored or exchanged). ` +
        `Build it anew: ${rebuildCommand(projection)}, or start once with --rebuild-read-models.`,
    );
    this.name = 'ForeignCheckpoint';
  }
}

/** The same for a reactor, which has no rows to build: only its checkpoint is void. */
export class ForeignReactor extends ProjectionFault {
  readonly code = 'foreign-checkpoint';
  constructor(projection: string) {
    super(
      `The reactor "${projection}" followed another event log (the store was restored or exchanged). ` +
        'Start once with --rebuild-read-models: it then begins with this log.',
    );
    this.name = 'ForeignReactor';
  }
}

/** The tables have the shape of an older version of the program, or were never made (`stored` undefined). */
export class ReadModelOutdated extends ProjectionFault {
  readonly code = 'read-model-outdated';
  constructor(projection: string, stored: number | undefined, known: number) {
    const found = stored === undefined ? 'has not been built yet' : `has version ${stored} in this database`;
    super(
      `The read model "${projection}" ${found}; this program needs version ${known}. ` +
        `Build it: ${rebuildCommand(projection)} (npm start does it by itself).`,
    );
    this.name = 'ReadModelOutdated';
  }
}

/** The tables have the shape of a newer version of the program. They are never built backwards. */
export class ReadModelTooNew extends ProjectionFault {
  readonly code = 'read-model-too-new';
  constructor(projection: string, stored: number, known: number) {
    super(
      `The read model "${projection}" has version ${stored} in this database; this program knows version ${known}: upgrade the program.`,
    );
    this.name = 'ReadModelTooNew';
  }
}
