/**
 * Stream `executor-<name>`: what an executor says of itself. These record what happened; there is nothing to decide. They
 * are the only way in which an api knows an executor, since the two may be on different machines.
 */
export interface ExecutorStarted {
  readonly type: 'ExecutorStarted';
  readonly data: {
    /** Scripts that it runs at the same time. */
    readonly places: number;
    /** Level of the sandbox that its self-test found: full, no-cgroup or none. */
    readonly sandbox: string;
    /** Why the level is not `full`, and what to do; null where it is. */
    readonly reason: string | null;
  };
}
/** In order: everything that it ran has ended and is recorded. One that was killed says nothing. */
export interface ExecutorStopped {
  readonly type: 'ExecutorStopped';
  readonly data: Readonly<Record<string, never>>;
}
/** Which part of a machine can be short; the names are stored. */
export type ShortResource = 'processor' | 'memory' | 'disk';
/** The machine is short of something: what runs goes on, what waits is not started here. */
export interface IntakePaused {
  readonly type: 'IntakePaused';
  readonly data: {
    readonly short: ShortResource;
    /** What was measured, and the threshold that it passed: load for each core, or megabytes that are left. */
    readonly measured: number;
    readonly threshold: number;
  };
}
export interface IntakeResumed {
  readonly type: 'IntakeResumed';
  readonly data: { readonly pausedMs: number };
}
/** What was left over and has been removed. Recorded only when there was something. */
export interface CleanupDone {
  readonly type: 'CleanupDone';
  readonly data: {
    /** Outermost processes of runs that nobody carries out any more. */
    readonly processes: number;
    readonly groups: number;
    readonly folders: number;
    /** Runs that were ended as interrupted. */
    readonly runs: number;
  };
}
export type ExecutorEvent = ExecutorStarted | ExecutorStopped | IntakePaused | IntakeResumed | CleanupDone;

/** A name of an executor: it is part of a stream's name, of a folder's and of a control group's. */
export function isExecutorName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text);
}

/**
 * Name of the advisory lock of Postgres that an executor holds for as long as it lives; hashed by `hashtextextended(…, 0)`.
 * The executor takes it, the api looks whether it is held.
 */
export function executorLock(name: string): string {
  return `palimpsest executor ${name}`;
}
