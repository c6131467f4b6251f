import type { ItemKind, ItemTimes, Schedule } from '@palimpsest/domain';
import type { Pool } from 'pg';

export interface ItemRow {
  readonly id: string;
  readonly course: string;
  readonly section: string;
  readonly kind: ItemKind;
  readonly title: string;
  /** Workspace of what is published. */
  readonly material: string;
  readonly groups: boolean;
  readonly times: ItemTimes;
  readonly withdrawn: boolean;
}

/** An item as it is for one person. */
export interface PersonalItemRow extends ItemRow {
  /** The latest extension of the person or of anybody in the person's group; null: none. */
  readonly extension: number | null;
  readonly group: string | null;
  readonly groupName: string | null;
  /** Workspace of the person's copy, or of the group's; null: not opened yet. */
  readonly copy: string | null;
}

/** A workspace of an item for one person: whose work it is decides about the time. */
export interface WorkRow extends ItemRow {
  readonly extension: number | null;
  /** Whether it is the person's own copy or that of the person's group. */
  readonly holds: boolean;
}

export interface HandInRow {
  readonly receipt: string;
  readonly workspace: string;
  readonly revision: string;
  readonly item: string;
  readonly person: string;
  readonly personName: string;
  readonly at: number;
  readonly late: boolean;
  readonly deadline: number | null;
  readonly digest: string;
  readonly files: number;
}

/** One student of a course as the overview of an item shows them. */
export interface OverviewRow {
  readonly person: string;
  readonly username: string;
  readonly displayName: string;
  readonly group: string | null;
  readonly groupName: string | null;
  readonly ownExtension: number | null;
  readonly extension: number | null;
  readonly copy: string | null;
  readonly openedAt: Date | null;
  readonly receipt: string | null;
  readonly handedInAt: number | null;
  readonly late: boolean | null;
  readonly handIns: number;
}

const ITEM = 'i.id, i.course, i.section, i.kind, i.title, i.material, i.groups, i.times, i.withdrawn';

/** The latest extension among those whose work it is: the person, or everybody in the group. */
const EXTENSION = (person: string, group: string) => `
  (select max(x.until) from read.item_extension x
   where x.item = i.id and (x.person = ${person} or x.person in
     (select m.person from read.item_member m where m.item = i.id and m.group_id = ${group})))`;

const COPY = (person: string, group: string) => `
  (select w.id from read.workspace w where w.item = i.id and w.kind = 'copy'
   and case when i.groups then w.group_id = ${group} else w.group_id is null and w.owner = ${person} end limit 1)`;

const HAND_IN = `h.receipt, h.workspace, h.revision, h.item, h.person, h.at, h.late, h.deadline, h.digest, h.files,
  coalesce(p.display_name, h.person::text) as "personName"`;

/** Reads of what courses publish. Ids must have the form of a UUID: Postgres refuses others with an error. */
export class ItemQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async item(id: string): Promise<ItemRow | undefined> {
    return (await this.#all<ItemRow>(`select ${ITEM} from read.item i where i.id = $1`, [id]))[0];
  }

  /** The items of a course that are not withdrawn, as they are for `person`, in the order of their publishing. */
  ofCourse(course: string, person: string): Promise<PersonalItemRow[]> {
    return this.#personal('i.course = $1 and not i.withdrawn', course, person);
  }

  /** One item as it is for `person`. */
  async personal(id: string, person: string): Promise<PersonalItemRow | undefined> {
    return (await this.#personal('i.id = $1', id, person))[0];
  }

  #personal(where: string, id: string, person: string): Promise<PersonalItemRow[]> {
    return this.#all(
      `select ${ITEM}, m.group_id as "group", g.name as "groupName",
         ${EXTENSION('$2', 'm.group_id')} as extension, ${COPY('$2', 'm.group_id')} as copy
       from read.item i
       left join read.item_member m on m.item = i.id and m.person = $2
       left join read.item_group g on g.item = i.id and g.id = m.group_id
       where ${where} order by i.published_at, i.id`,
      [id, person],
    );
  }

  /** The item of a workspace, and whether it is the person's work; undefined: it belongs to none, or to one not known yet. */
  async ofWorkspace(workspace: string, person: string): Promise<WorkRow | undefined> {
    const rows = await this.#all<WorkRow>(
      `select ${ITEM}, ${EXTENSION("case when w.kind <> 'copy' then $2 when w.group_id is null then w.owner end", 'w.group_id')} as extension,
         w.kind = 'copy' and case when w.group_id is null then w.owner = $2
           else exists (select from read.item_member m where m.item = i.id and m.person = $2 and m.group_id = w.group_id)
           end as holds
       from read.workspace w join read.item i on i.id = w.item where w.id = $1`,
      [workspace, person],
    );
    return rows[0];
  }

  /** Every student of the course with what there is of this item. */
  overview(item: string): Promise<OverviewRow[]> {
    return this.#all(
      `select p.id as person, p.username, p.display_name as "displayName", gm.group_id as "group", g.name as "groupName",
         own.until as "ownExtension", ${EXTENSION('p.id', 'gm.group_id')} as extension,
         w.id as copy, w.opened_at as "openedAt", h.receipt, h.at as "handedInAt", h.late,
         (select count(*) from read.hand_in c where c.workspace = w.id)::int as "handIns"
       from read.item i
       join read.member cm on cm.course = i.course and cm.role = 'student'
       join read.person p on p.id = cm.person
       left join read.item_member gm on gm.item = i.id and gm.person = p.id
       left join read.item_group g on g.item = i.id and g.id = gm.group_id
       left join read.item_extension own on own.item = i.id and own.person = p.id
       left join read.workspace w on w.item = i.id and w.id = ${COPY('p.id', 'gm.group_id')}
       left join lateral (select * from read.hand_in x where x.workspace = w.id order by x.revision desc limit 1) h on true
       where i.id = $1 order by p.display_name, p.id`,
      [item],
    );
  }

  groups(item: string): Promise<{ readonly id: string; readonly name: string; readonly members: string[] }[]> {
    return this.#all(
      `select g.id, g.name, coalesce(array_agg(m.person::text order by m.person) filter (where m.person is not null), '{}') as members
       from read.item_group g left join read.item_member m on m.item = g.item and m.group_id = g.id
       where g.item = $1 group by g.id, g.name order by g.name, g.id`,
      [item],
    );
  }

  /** Everything that was handed in of a workspace, the last first. */
  handIns(workspace: string): Promise<HandInRow[]> {
    return this.#all(
      `select ${HAND_IN} from read.hand_in h left join read.person p on p.id = h.person
       where h.workspace = $1 order by h.revision desc`,
      [workspace],
    );
  }

  async handIn(receipt: string): Promise<HandInRow | undefined> {
    const rows = await this.#all<HandInRow>(
      `select ${HAND_IN} from read.hand_in h left join read.person p on p.id = h.person where h.receipt = $1`,
      [receipt],
    );
    return rows[0];
  }

  async #all<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>({ text, values: [...values] })).rows;
  }
}

/** What decides where an item stands. */
export function scheduleOf({ kind, times, withdrawn, extension }: ItemRow & Pick<WorkRow, 'extension'>): Schedule {
  return { kind, times, withdrawn, extension };
}
