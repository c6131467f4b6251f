import type { Pool } from 'pg';

export interface PersonRow {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: string;
  readonly active: boolean;
}

export interface CourseRow {
  readonly id: string;
  readonly title: string;
  readonly sections: readonly string[];
  /** Role of the person who asked. */
  readonly role: string;
}

export interface MemberRow {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: string;
  /** Whether the account may sign in. */
  readonly active: boolean;
}

export interface WorkspaceRow {
  readonly id: string;
  readonly course: string;
  readonly owner: string;
  readonly kind: 'course' | 'personal' | 'material' | 'copy';
  readonly name: string;
  /** Of a copy: what of; of material: what it is published as. Null: nothing of the sort. */
  readonly itemId: string | null;
}

export interface FileRow {
  readonly id: string;
  readonly workspace: string;
  readonly path: string;
  readonly kind: 'text' | 'binary';
  readonly createdAt: Date;
  readonly deleted: boolean;
}

/** A text of a course, and whose workspace it is in. */
export interface CourseTextRow {
  readonly id: string;
  readonly path: string;
  readonly deleted: boolean;
  readonly workspace: string;
  readonly kind: WorkspaceRow['kind'];
  readonly owner: string;
}

const PERSON = 'id, username, display_name as "displayName", role, active';
const WORKSPACE = 'id, course, owner, kind, name, item as "itemId"';
const FILE = 'id, workspace, path, kind, created_at as "createdAt", deleted';

/** Reads of the directory. Ids must have the form of a UUID: Postgres refuses others with an error. */
export class DirectoryQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  person(id: string): Promise<PersonRow | undefined> {
    return this.#one(`select ${PERSON} from read.person where id = $1`, [id]);
  }

  async personByUsername(username: string): Promise<PersonRow | undefined> {
    if (username.includes('\u0000')) return undefined; // no text of Postgres holds it
    return this.#one(`select ${PERSON} from read.person where username = $1`, [username]);
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#one<{ one: number }>('select 1 as one from read.person limit 1', [])) === undefined;
  }

  people(ids: readonly string[]): Promise<PersonRow[]> {
    return this.#all(`select ${PERSON} from read.person where id = any($1::uuid[])`, [ids]);
  }

  /** Accounts whose user name or name contains `words`, whatever the case, by user name; those after that of `after`. */
  async peopleLike(words: string, limit: number, after = ''): Promise<PersonRow[]> {
    if (words.includes('\u0000')) return []; // no text of Postgres holds it
    return this.#all(
      `select ${PERSON} from read.person
       where (position(lower($1) in lower(display_name)) > 0 or position(lower($1) in username) > 0)
         and username collate "C" > $3
       order by username collate "C" limit $2`,
      [words, limit, after],
    );
  }

  everyone(): Promise<PersonRow[]> {
    return this.#all(`select ${PERSON} from read.person order by display_name`, []);
  }

  /** Courses in which the person is a member, with the role there. */
  coursesOf(person: string): Promise<CourseRow[]> {
    return this.#all(
      `select c.id, c.title, c.sections, m.role from read.course c join read.member m on m.course = c.id
       where m.person = $1 order by c.title`,
      [person],
    );
  }

  /** All courses, with the role of the person who asked where there is one. */
  courses(person: string): Promise<(Omit<CourseRow, 'role'> & { readonly role: string | null })[]> {
    return this.#all(
      `select c.id, c.title, c.sections, m.role from read.course c
       left join read.member m on m.course = c.id and m.person = $1 order by c.title, c.id`,
      [person],
    );
  }

  /** Whether the person is a member of one of these courses, or has left a workspace in one. */
  async belongsTo(person: string, courses: readonly string[]): Promise<boolean> {
    const row = await this.#one<{ belongs: boolean }>(
      `select exists (select from read.member where person = $1 and course = any($2::uuid[]))
         or exists (select from read.workspace where owner = $1 and course = any($2::uuid[])) as belongs`,
      [person, courses],
    );
    return row?.belongs === true;
  }

  async courseRole(course: string, person: string): Promise<string | undefined> {
    const row = await this.#one<{ role: string }>('select role from read.member where course = $1 and person = $2', [
      course,
      person,
    ]);
    return row?.role;
  }

  members(course: string): Promise<MemberRow[]> {
    return this.#all(
      `select p.id, p.username, p.display_name as "displayName", m.role, p.active
       from read.member m join read.person p on p.id = m.person where m.course = $1 order by p.display_name`,
      [course],
    );
  }

  /**
   * The workspaces of a course that a list of them is made of for `person`: of copies only those that are the person's, since
   * there may be one for everybody and every item; of published material what has not been withdrawn.
   */
  workspacesOfCourse(course: string, person: string): Promise<WorkspaceRow[]> {
    return this.#all(
      `select ${WORKSPACE} from read.workspace w where course = $1
         and (kind <> 'copy' or (group_id is null and owner = $2) or exists (select from read.item_member m
           where m.item = w.item and m.group_id = w.group_id and m.person = $2))
         and (kind <> 'material' or item is null or exists (select from read.item i where i.id = w.item and not i.withdrawn))
       order by opened_at, name`,
      [course, person],
    );
  }

  workspace(id: string): Promise<WorkspaceRow | undefined> {
    return this.#one(`select ${WORKSPACE} from read.workspace where id = $1`, [id]);
  }

  personalWorkspacesOf(owner: string): Promise<WorkspaceRow[]> {
    return this.#all(`select ${WORKSPACE} from read.workspace where owner = $1 and kind = 'personal' order by id`, [
      owner,
    ]);
  }

  /** Live files by path. */
  files(workspace: string): Promise<FileRow[]> {
    return this.#all(`select ${FILE} from read.file where workspace = $1 and not deleted order by path`, [workspace]);
  }

  /**
   * Texts of all workspaces of a course, deleted ones too: first those of `workspace`, then those of `person`, then what the
   * course gives, then the newest.
   */
  textsOfCourse(course: string, workspace: string, person: string, limit: number): Promise<CourseTextRow[]> {
    return this.#all(
      `select f.id, f.path, f.deleted, f.workspace, w.kind, w.owner from read.file f
       join read.workspace w on w.id = f.workspace where w.course = $1 and f.kind = 'text'
       order by w.id = $2::uuid desc, w.owner::text = $3 desc, w.kind = 'material' desc, f.created_at desc, f.id limit $4`,
      [course, workspace, person, limit],
    );
  }

  /** Folders that were made, by path. */
  async folders(workspace: string): Promise<string[]> {
    const rows = await this.#all<{ path: string }>('select path from read.folder where workspace = $1 order by path', [
      workspace,
    ]);
    return rows.map(({ path }) => path);
  }

  /** Whichever of these there are, deleted ones too. */
  filesById(ids: readonly string[]): Promise<FileRow[]> {
    return this.#all(`select ${FILE} from read.file where id = any($1::uuid[])`, [ids]);
  }

  file(id: string): Promise<FileRow | undefined> {
    return this.#one(`select ${FILE} from read.file where id = $1`, [id]);
  }

  async #all<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>({ name: nameOf(sql), text: sql, values: [...values] })).rows;
  }

  async #one<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row | undefined> {
    return (await this.#all<Row>(sql, values))[0];
  }
}

/** The texts here are few and asked for at every request: each is prepared on a connection once, under this name. */
const NAMES = new Map<string, string>();

function nameOf(sql: string): string {
  const name = NAMES.get(sql) ?? `directory ${NAMES.size}`;
  NAMES.set(sql, name);
  return name;
}
