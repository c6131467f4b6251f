import type { Expected } from './event-store.js';

/** Stable names of the faults: safe to store, to log and to compare. */
export type EventStoreFaultCode =
  | 'WrongExpectedVersion'
  | 'StreamNotFound'
  | 'StreamDeleted'
  | 'AppendTooLarge'
  | 'Unavailable'
  | 'InvalidArgument'
  | 'SchemaMismatch';

/** Everything that the event store throws on purpose. `retryable` says whether the same call may succeed a little later. */
export abstract class EventStoreFault extends Error {
  abstract readonly code: EventStoreFaultCode;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * The stream is not where the writer believed it to be; nothing was written. `actual` is the last revision, or `'noStream'`
 * if there are no events. Read the stream again, decide again, append again.
 */
export class WrongExpectedVersion extends EventStoreFault {
  readonly code = 'WrongExpectedVersion';

  constructor(
    readonly stream: string,
    readonly expected: Expected,
    readonly actual: bigint | 'noStream',
    /** What the revisions count: the stream's events, or the versions of its metadata. */
    readonly subject: 'events' | 'metadata' = 'events',
  ) {
    const of = subject === 'events' ? `"${stream}"` : `the metadata of "${stream}"`;
    super(
      `${of} was expected ${describeExpected(expected)}, but ${describeActual(actual)}: ` +
        'somebody else wrote first. Nothing was written. Read it again and repeat the change.',
    );
  }
}

/** The stream has no events, or was deleted (softly). An append to it is still possible. */
export class StreamNotFound extends EventStoreFault {
  readonly code = 'StreamNotFound';

  constructor(readonly stream: string) {
    super(`There is no stream "${stream}": nothing was ever appended to it, or it was deleted. Check its name.`);
  }
}

/** The stream was tombstoned: it can never be read or written again. */
export class StreamDeleted extends EventStoreFault {
  readonly code = 'StreamDeleted';

  constructor(readonly stream: string) {
    super(`The stream "${stream}" was deleted for ever and its name cannot be used again: use another name.`);
  }
}

/** One append exceeds a limit of the store; nothing was written. `size` and `limit` are in `unit`. */
export class AppendTooLarge extends EventStoreFault {
  readonly code = 'AppendTooLarge';

  constructor(
    readonly subject: 'append' | 'event',
    readonly size: number,
    readonly limit: number,
    readonly unit: 'bytes' | 'events' = 'bytes',
  ) {
    super(
      `This ${subject} has ${size} ${unit}; the event store takes at most ${limit} ${unit} in one ${subject}. ` +
        'Nothing was written. Split it into smaller appends.',
    );
  }
}

/**
 * The database did not answer within the time allowed, or the store is closed. An append may have happened all the same:
 * repeat it with the same event ids, which never stores it twice.
 */
export class Unavailable extends EventStoreFault {
  readonly code = 'Unavailable';
  override readonly retryable: boolean = true;

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} Try again in a moment.`, options);
  }
}

/** The caller's mistake: repeating the call does not help. */
export class InvalidArgument extends EventStoreFault {
  readonly code = 'InvalidArgument';
}

/** The database's schema does not fit this program: not migrated, migrated by a newer program, or altered by hand. */
export class SchemaMismatch extends EventStoreFault {
  readonly code = 'SchemaMismatch';
}

function describeExpected(expected: Expected): string {
  if (expected === 'noStream') return 'not to exist';
  if (expected === 'streamExists') return 'to exist';
  if (expected === 'any') return 'to hold all of these event ids or none';
  return `at revision ${expected}`;
}

function describeActual(actual: bigint | 'noStream'): string {
  return actual === 'noStream' ? 'does not exist' : `is at revision ${actual}`;
}
