/** What a row of a timeline tells of. The names are stored, and are values of the API. */
export const ACTIVITY_KINDS = [
  'edit',
  'run',
  'input',
  'file',
  'hand-in',
  'limit',
  'refusal',
  'session',
  'connection',
] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** Of a run, as far as it has got. Times are milliseconds since 1970. */
export interface RunDetail {
  readonly state: 'queued' | 'running' | 'repl' | 'finished';
  readonly mode: 'script' | 'repl';
  readonly startedAt?: number;
  /** Kind of the outcome. */
  readonly outcome?: string;
  /** The outcome in words: "ended with exit code 1". */
  readonly ending?: string;
  readonly wallMs?: number;
  readonly cpuMs?: number;
  readonly peakMemoryBytes?: number;
  /** The exceptions that reached the person: their number, and the first. */
  readonly errors: number;
  readonly exception?: string;
  readonly path?: string;
  readonly line?: number;
  /** Changes that it made to files of the workspace. */
  readonly produced: number;
}

/** Of a connection. `superseded`: the same session has opened the file anew, so the end of this one was not recorded. */
export interface ConnectionDetail {
  readonly connection: string;
  readonly reason?: 'left' | 'lost' | 'ended' | 'server-stopped' | 'superseded' | 'session-ended';
}

/**
 * A row of a timeline while events are applied to it. What is `readonly` is written once; the rest may grow. Rows with the same
 * `fold` belong together, and only the newest of them grows.
 */
export interface ActivityRow {
  /** Undefined: not in the table yet. */
  readonly entryNo: string | undefined;
  readonly at: Date;
  readonly kind: ActivityKind;
  readonly type: string;
  readonly person: string;
  readonly via: string;
  readonly session: string | null;
  readonly course: string | null;
  readonly workspace: string | null;
  readonly file: string | null;
  readonly run: string | null;
  readonly object: string;
  readonly fold: string | null;
  readonly firstRevision: string | null;
  lastRevision: string | null;
  /** When it was over; null: it goes on, or nobody knows. */
  until: Date | null;
  /** Events, or of edits the edits, that the row stands for. */
  count: number;
  inserted: number;
  removed: number;
  summary: string;
  detail: object;
}
