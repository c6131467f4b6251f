import type { Pool } from 'pg';
import { Conditions } from './conditions.js';

export interface RunRow {
  readonly id: string;
  readonly workspace: string;
  readonly workspaceName: string | null;
  readonly by: string;
  readonly byName: string;
  readonly session: string | null;
  readonly mode: 'script' | 'repl';
  readonly entry: string | null;
  /** The file of that path when it was run. */
  readonly entryFile: string | null;
  readonly state: 'queued' | 'running' | 'repl' | 'finished';
  /** Kind of the outcome. */
  readonly outcome: string | null;
  /** The outcome in words. */
  readonly ending: string | null;
  readonly wallMs: number | null;
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  readonly outputBytes: number | null;
  /** Exceptions that reached the person, and which kinds, in the order of their first. */
  readonly errors: number;
  readonly exceptions: readonly string[];
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** When it was requested, in microseconds since 1970: a Date would lose the last three digits. */
  readonly requestedMicros: string;
}

/** Place of a run in the order of a list. */
export interface RunKey {
  readonly micros: string;
  readonly run: string;
}

/** Whose runs: of a workspace, of a person, or those that began with a file. */
export type RunScope = { readonly workspace: string } | { readonly person: string } | { readonly file: string };

export interface RunFilter {
  readonly outcome?: string;
  /** Name of an exception that reached the person. */
  readonly exception?: string;
  /** Path of the script. */
  readonly entry?: string;
  /** Only those that failed: an exception reached the person, or it did not end by itself. */
  readonly onlyErrors?: boolean;
  readonly by?: string;
  readonly from?: Date;
  readonly until?: Date;
  /** Only in these courses. Undefined: in all. */
  readonly courses?: readonly string[];
  readonly before?: RunKey;
  readonly limit: number;
}

const RUN = `r.id, r.workspace, w.name as "workspaceName", r.requested_by as "by",
  coalesce(p.display_name, r.requested_by::text) as "byName", r.session, r.mode, r.entry, r.entry_file as "entryFile",
  r.state, r.outcome, r.ending, r.wall_ms::float8 as "wallMs", r.cpu_ms::float8 as "cpuMs",
  r.peak_bytes::float8 as "peakBytes", r.output_bytes::float8 as "outputBytes", r.errors, r.exceptions,
  r.requested_at as "requestedAt", r.started_at as "startedAt", r.finished_at as "finishedAt",
  (extract(epoch from r.requested_at) * 1000000)::bigint::text as "requestedMicros"`;
const FROM = `read.run r left join read.person p on p.id = r.requested_by left join read.workspace w on w.id = r.workspace`;

const FAILED = `(r.errors > 0 or r.outcome not in ('exited', 'cancelled'))`;

function ofScope(scope: RunScope): Conditions {
  const conditions = new Conditions();
  if ('workspace' in scope) return conditions.add((id) => `r.workspace = ${id}`, scope.workspace);
  if ('person' in scope) return conditions.add((id) => `r.requested_by = ${id}`, scope.person);
  return conditions.add((id) => `r.entry_file = ${id}`, scope.file);
}

function conditionsOf(scope: RunScope, filter: RunFilter): Conditions {
  const { outcome, exception, entry, onlyErrors, by, from, until, courses, before } = filter;
  const where = ofScope(scope);
  // No text of Postgres holds it, so nothing matches.
  if (`${exception} ${entry}`.includes('\u0000')) return where.add(() => 'false');
  if (outcome !== undefined) where.add((kind) => `r.outcome = ${kind}`, outcome);
  if (exception !== undefined) where.add((name) => `${name} = any(r.exceptions)`, exception);
  if (entry !== undefined) where.add((path) => `r.entry = ${path}`, entry);
  if (onlyErrors) where.add(() => FAILED);
  if (by !== undefined) where.add((person) => `r.requested_by = ${person}`, by);
  if (from) where.add((start) => `r.requested_at >= ${start}`, from);
  if (until) where.add((end) => `r.requested_at < ${end}`, until);
  if (courses) where.add((list) => `r.course = any(${list})`, courses);
  if (before)
    where.add(
      (micros, run) =>
        `(r.requested_at, r.id) < (timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${run}::uuid)`,
      ...[before.micros, before.run],
    );
  return where;
}

/** Reads of the runs. Ids must have the form of a UUID: Postgres refuses others with an error. */
export class RunQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first; only older ones than `before`. */
  ofWorkspace(workspace: string, limit: number, before?: RunKey): Promise<RunRow[]> {
    return this.history({ workspace }, { limit, ...(before && { before }) });
  }

  /** Newest first. */
  async history(scope: RunScope, filter: RunFilter): Promise<RunRow[]> {
    const where = conditionsOf(scope, filter);
    const { rows } = await this.#pool.query<RunRow>(
      `select ${RUN} from ${FROM} where ${where.text} order by r.requested_at desc, r.id desc limit ${filter.limit}`,
      where.values,
    );
    return rows;
  }

  /** Undefined: not in the list, or not yet. */
  async run(id: string): Promise<RunRow | undefined> {
    const { rows } = await this.#pool.query<RunRow>(`select ${RUN} from ${FROM} where r.id = $1`, [id]);
    return rows[0];
  }
}
