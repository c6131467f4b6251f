import type { Pool } from 'pg';

export interface AuditFilter {
  /** Id of the person, or `system`. */
  readonly actor?: string;
  /** Exact type, or a beginning followed by a star. */
  readonly type?: string;
  readonly from?: Date;
  readonly until?: Date;
  /** Entries older than this one. */
  readonly before?: bigint;
  readonly limit: number;
}

export interface AuditRow {
  readonly entryNo: string;
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly actorId: string;
  readonly actorName: string | null;
  readonly actorRole: string;
  readonly via: string;
  readonly subjectName: string | null;
  readonly stream: string;
  readonly revision: string;
  readonly object: string;
  readonly summary: string;
  readonly address: string | null;
}

/** A look at something. */
export type LookRow = Pick<
  AuditRow,
  'entryNo' | 'id' | 'at' | 'type' | 'actorId' | 'actorName' | 'actorRole' | 'object'
>;

/** Reads of the audit log. */
export class AuditQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Newest first, in the order of the log. */
  async entries(filter: AuditFilter): Promise<AuditRow[]> {
    const { where, values } = conditions(filter);
    const { rows } = await this.#pool.query<AuditRow>(
      `select e.entry_no as "entryNo", e.event_id as id, e.at, e.type, e.actor_id as "actorId", a.name as "actorName",
              e.actor_role as "actorRole", e.via, s.name as "subjectName", e.stream, e.revision, e.object, e.summary, e.address
       from read.audit_entry e
       left join read.audit_name a on a.id = e.actor_id
       left join read.audit_name s on s.id = e.subject_id
       ${where} order by e.entry_no desc limit $${values.length + 1}`,
      [...values, filter.limit],
    );
    return rows;
  }

  /** Looks of others at what is `subject`'s, newest first; only older ones than `before`. */
  async looksAt(subject: string, limit: number, before?: string): Promise<LookRow[]> {
    const { rows } = await this.#pool.query<LookRow>(
      `select e.entry_no as "entryNo", e.event_id as id, e.at, e.type, e.actor_id as "actorId", a.name as "actorName",
              e.actor_role as "actorRole", e.object
       from read.audit_entry e left join read.audit_name a on a.id = e.actor_id
       where e.subject_id = $1 and e.type in ('HistoryViewed', 'WorkspaceViewed', 'ActivityViewed') and e.actor_id <> $1
         and ($3::bigint is null or e.entry_no < $3::bigint)
       order by e.entry_no desc limit $2`,
      [subject, limit, before ?? null],
    );
    return rows;
  }

  /** Types that occur in the log. */
  async types(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ type: string }>('select type from read.audit_type order by type');
    return rows.map((row) => row.type);
  }
}

function conditions(filter: AuditFilter): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (condition: (placeholder: string) => string, value: unknown) => {
    values.push(value);
    parts.push(condition(`$${values.length}`));
  };
  if (filter.actor !== undefined) add((p) => `e.actor_id = ${p}`, filter.actor);
  if (filter.type?.endsWith('*')) add((p) => `starts_with(e.type, ${p})`, filter.type.slice(0, -1));
  else if (filter.type !== undefined) add((p) => `e.type = ${p}`, filter.type);
  if (filter.from) add((p) => `e.at >= ${p}`, filter.from);
  if (filter.until) add((p) => `e.at < ${p}`, filter.until);
  if (filter.before !== undefined) add((p) => `e.entry_no < ${p}`, filter.before);
  return { where: parts.length > 0 ? `where ${parts.join(' and ')}` : '', values };
}
