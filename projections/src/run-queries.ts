import type { Pool } from 'pg';

export interface RunRow {
  readonly id: string;
  readonly workspace: string;
  readonly by: string;
  readonly byName: string;
  readonly mode: 'script' | 'repl';
  readonly entry: string | null;
  readonly state: 'queued' | 'running' | 'repl' | 'finished';
  readonly outcome: string | null;
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

const RUN = `r.id, r.workspace, r.requested_by as "by", coalesce(p.display_name, r.requested_by::text) as "byName", r.mode, r.entry,
  r.state, r.outcome, r.requested_at as "requestedAt", r.started_at as "startedAt", r.finished_at as "finishedAt",
  (extract(epoch from r.requested_at) * 1000000)::bigint::text as "requestedMicros"`;
const FROM = 'read.run r left join read.person p on p.id = r.requested_by';

/** Reads of the runs. */
export class RunQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first; only older ones than `before`. */
  async ofWorkspace(workspace: string, limit: number, before?: RunKey): Promise<RunRow[]> {
    const older =
      before === undefined
        ? ''
        : `and (r.requested_at, r.id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::uuid)`;
    const { rows } = await this.#pool.query<RunRow>(
      `select ${RUN} from ${FROM} where r.workspace = $1 ${older} order by r.requested_at desc, r.id desc limit $2`,
      [workspace, limit, ...(before ? [before.micros, before.run] : [])],
    );
    return rows;
  }
}
