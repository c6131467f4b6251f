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
}

const RUN = `r.id, r.workspace, r.requested_by as "by", coalesce(p.display_name, r.requested_by::text) as "byName", r.mode, r.entry,
  r.state, r.outcome, r.requested_at as "requestedAt", r.started_at as "startedAt", r.finished_at as "finishedAt"`;
const FROM = 'read.run r left join read.person p on p.id = r.requested_by';

/** Reads of the runs. */
export class RunQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first. */
  async ofWorkspace(workspace: string, limit: number): Promise<RunRow[]> {
    const { rows } = await this.#pool.query<RunRow>(
      `select ${RUN} from ${FROM} where r.workspace = $1 order by r.requested_at desc limit $2`,
      [workspace, limit],
    );
    return rows;
  }
}
