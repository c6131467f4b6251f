import type { Pool } from 'pg';

/** What belongs to an export, by ids; the exports' own types say what each part means (libs/exports/src/scope.ts). */
export interface ExportScopeRows {
  readonly workspaces: readonly {
    readonly id: string;
    readonly kind: 'course' | 'personal' | 'material' | 'copy';
    readonly owner: string;
    readonly name: string;
    readonly item: string | null;
    readonly group: string | null;
    readonly openedAt: Date;
  }[];
  /** Deleted ones as well. */
  readonly files: readonly {
    readonly id: string;
    readonly workspace: string;
    readonly kind: 'text' | 'binary';
    readonly createdAt: Date;
  }[];
  readonly runs: readonly { readonly id: string; readonly workspace: string; readonly requestedAt: Date }[];
  readonly people: readonly {
    readonly id: string;
    readonly role: string | null;
    readonly username: string;
    readonly displayName: string;
  }[];
}

export interface ExportCourseRows extends ExportScopeRows {
  readonly course: string;
  readonly createdAt: Date;
  readonly items: readonly {
    readonly id: string;
    readonly kind: string;
    readonly section: string;
    readonly title: string;
  }[];
  readonly groups: readonly { readonly id: string; readonly members: readonly string[] }[];
  readonly sessions: readonly { readonly stream: string; readonly person: string; readonly openedAt: Date }[];
}

export interface ExportStreamRow {
  readonly stream: string;
  readonly since: Date;
}

const WORKSPACE = 'w.id, w.kind, w.owner, w.name, w.item, w.group_id as "group", w.opened_at as "openedAt"';
const PERSON = 'p.id, m.role, p.username, p.display_name as "displayName"';

/**
 * Which streams an export is made of. Reads models for ids and names alone; the contents come from the log. Ids must have the
 * form of a UUID.
 */
export class ExportQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Undefined: there is no such course. */
  async course(id: string): Promise<(ExportCourseRows & { readonly title: string }) | undefined> {
    const [course] = await this.#all<{ title: string }>('select title from read.course where id = $1', [id]);
    if (!course) return undefined;
    const workspaces = await this.#all<ExportScopeRows['workspaces'][number]>(
      `select ${WORKSPACE} from read.workspace w where w.course = $1 order by w.opened_at, w.id`,
      [id],
    );
    const work = await this.#inside(workspaces);
    const people = await this.#peopleOfCourse(id);
    const [items, groups, sessions] = await Promise.all([
      this.#items(id),
      this.#groups(id),
      this.#sessions(people.map((person) => person.id)),
    ]);
    const createdAt = new Date(Math.min(Date.now(), ...workspaces.map(({ openedAt }) => openedAt.getTime())));
    return { course: id, title: course.title, createdAt, ...work, people, items, groups, sessions };
  }

  /** Courses with this id or title, whatever the case; without a text all. */
  coursesNamed(text?: string): Promise<{ readonly id: string; readonly title: string }[]> {
    return this.#all(
      `select id, title from read.course where $1::text is null or id::text = $1 or lower(title) = lower($1) order by title, id`,
      [text ?? null],
    );
  }

  /** One workspace; everybody's name, since whoever has edited it may have left its course. */
  async workspace(id: string): Promise<ExportScopeRows> {
    const workspaces = await this.#all<ExportScopeRows['workspaces'][number]>(
      `select ${WORKSPACE} from read.workspace w where w.id = $1`,
      [id],
    );
    return { ...(await this.#inside(workspaces)), people: await this.#everybody() };
  }

  /** The workspaces that are a person's own: personal ones, and copies that are the person's or of their groups. */
  async workOf(person: string): Promise<ExportScopeRows> {
    const workspaces = await this.#all<ExportScopeRows['workspaces'][number]>(
      `select ${WORKSPACE} from read.workspace w
       where (w.owner = $1 and (w.kind = 'personal' or (w.kind = 'copy' and w.group_id is null)))
          or (w.kind = 'copy' and w.group_id is not null and exists (select from read.item_member m
                where m.item = w.item and m.group_id = w.group_id and m.person = $1))
       order by w.opened_at, w.id`,
      [person],
    );
    return { ...(await this.#inside(workspaces)), people: [] };
  }

  /**
   * Streams in which the person did something, or in which a look at their work is recorded; since when. Whatever else is done
   * to a person is in the stream of the account, or in one of these.
   */
  streamsOf(person: string): Promise<ExportStreamRow[]> {
    return this.#all(
      `select stream, min(at) as since from (
         select stream, at from read.audit_entry where actor_id = $1
         union all
         select stream, at from read.audit_entry where subject_id = $2 and type in ('HistoryViewed', 'WorkspaceViewed')
       ) found group by stream`,
      [person, person],
    );
  }

  async #inside(workspaces: ExportScopeRows['workspaces']): Promise<Omit<ExportScopeRows, 'people'>> {
    const ids = workspaces.map(({ id }) => id);
    const [files, runs] = await Promise.all([
      this.#all<ExportScopeRows['files'][number]>(
        `select id, workspace, kind, created_at as "createdAt" from read.file where workspace = any($1::uuid[])`,
        [ids],
      ),
      this.#all<ExportScopeRows['runs'][number]>(
        `select id, workspace, requested_at as "requestedAt" from read.run where workspace = any($1::uuid[])`,
        [ids],
      ),
    ]);
    return { workspaces, files, runs };
  }

  #peopleOfCourse(course: string): Promise<ExportScopeRows['people'][number][]> {
    return this.#all(
      `select ${PERSON} from read.person p left join read.member m on m.course = $1 and m.person = p.id
       where m.person is not null
          or p.id in (select owner from read.workspace where course = $1)
          or p.id in (select r.requested_by from read.run r join read.workspace w on w.id = r.workspace where w.course = $1)
       order by p.id`,
      [course],
    );
  }

  #everybody(): Promise<ExportScopeRows['people'][number][]> {
    return this.#all(`select id, null as role, username, display_name as "displayName" from read.person`, []);
  }

  #items(course: string): Promise<ExportCourseRows['items'][number][]> {
    return this.#all('select id, kind, section, title from read.item where course = $1 order by published_at, id', [
      course,
    ]);
  }

  #groups(course: string): Promise<ExportCourseRows['groups'][number][]> {
    return this.#all(
      `select m.group_id as id, array_agg(m.person::text order by m.person) as members
       from read.item_member m join read.item i on i.id = m.item where i.course = $1 group by m.group_id order by 1`,
      [course],
    );
  }

  /** The audit log knows who signed in when; nothing else remembers sessions that are over. */
  #sessions(people: readonly string[]): Promise<ExportCourseRows['sessions'][number][]> {
    return this.#all(
      `select stream, actor_id as person, at as "openedAt" from read.audit_entry
       where type = 'SignedIn' and actor_id = any($1::text[]) order by at, stream`,
      [people],
    );
  }

  async #all<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>({ text, values: [...values] })).rows;
  }
}
