import type { Pool } from 'pg';
import { COUNTS, type Count } from './metrics-facts.js';
import { MOST_POINTS, type NamedWhat } from './metrics-tally.js';

/** Days (UTC, yyyy-mm-dd) from `from` to `to`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** Sums of what is counted, and what follows from them. docs/METRICS.md defines every one. */
export type Figures = Readonly<Record<Count, number>> & {
  /** Error Quotient, 0 to 1; null where it is not defined. */
  readonly errorQuotient: number | null;
  /** Repeated Error Density; null where it is not defined. */
  readonly repeatedErrorDensity: number | null;
};

export interface DayFigures {
  readonly day: string;
  /** People who did something. */
  readonly people: number;
  readonly runs: number;
  readonly completed: number;
  readonly failed: number;
  readonly limited: number;
  readonly cancelled: number;
  readonly lost: number;
  readonly activeMs: number;
}

export interface NamedCount {
  readonly what: NamedWhat;
  readonly name: string;
  readonly count: number;
  /** How many people it was. */
  readonly people: number;
}

export interface StudentFigures {
  readonly person: string;
  readonly username: string;
  readonly displayName: string;
  readonly figures: Figures;
  /** The last own action in the course at all, whatever the range. */
  readonly lastAt: Date | null;
}

export interface CourseFigures {
  readonly course: string;
  readonly title: string;
  readonly figures: Figures;
  readonly lastAt: Date | null;
}

type Sums = Readonly<Record<Count, number>>;

/** Of integers below 2^53 exact, and much faster than the numeric in which Postgres adds bigints up. */
const sums = (from: string) => COUNTS.map((name) => `coalesce(sum(${from}.${name}::float8), 0) as ${name}`).join(', ');

const DAY = `
  sum(d.runs::float8) as runs, sum(d.completed::float8) as completed, sum(d.failed::float8) as failed,
  sum(d.limited::float8) as limited, sum(d.cancelled::float8) as cancelled, sum(d.lost::float8) as lost,
  sum(d.active_ms::float8) as "activeMs"`;

/** The people of a course of whom there are figures: those who are its students now. */
const STUDENTS = `(select m.person from read.member m where m.course = $1 and m.role = 'student')`;

/**
 * As the toolkit of ProgSnap2 has it: 0 where nothing ever failed, undefined where there was only one and it failed.
 * EQ (Jadud 2006) is the mean of the pairs' points by the most there can be; RED (Becker 2016) is a sum.
 */
function withErrorFigures(found: Sums): Figures {
  const { results, result_errors, result_pairs, error_points, repeated_error_micros } = found;
  const isDefined = results > 0 && (result_errors === 0 || result_pairs > 0);
  return {
    ...found,
    errorQuotient: isDefined ? error_points / (MOST_POINTS * Math.max(result_pairs, 1)) : null,
    repeatedErrorDensity: isDefined ? repeated_error_micros / 1_000_000 : null,
  };
}

function figuresOf(row: Sums): Figures {
  return withErrorFigures(Object.fromEntries(COUNTS.map((name) => [name, row[name]])) as Sums);
}

/** Reads of the metrics. Ids must have the form of a UUID. */
export class MetricsQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Of the whole class, and how many of its students did something. */
  async ofClass(course: string, { from, to }: DayRange): Promise<Figures & { readonly people: number }> {
    const [row] = await this.#all<Sums & { people: number }>(
      `select count(distinct d.person)::int as people, ${sums('d')} from read.metric_day d
       where d.course = $1 and d.day between $2::date and $3::date and d.person in ${STUDENTS}`,
      [course, from, to],
    );
    return { ...figuresOf(row as Sums), people: row?.people ?? 0 };
  }

  /** Days on which nothing happened are left out. */
  daysOfClass(course: string, { from, to }: DayRange): Promise<DayFigures[]> {
    return this.#all(
      `select d.day::text as day, count(*)::int as people, ${DAY} from read.metric_day d
       where d.course = $1 and d.day between $2::date and $3::date and d.person in ${STUDENTS}
       group by d.day order by d.day`,
      [course, from, to],
    );
  }

  /** The most frequent `limit` of each kind, of the whole class. */
  namedOfClass(course: string, { from, to }: DayRange, limit: number): Promise<NamedCount[]> {
    return this.#all(
      `select what, name, count, people from (
         select n.what, n.name, sum(n.count) as count, count(*)::int as people,
           row_number() over (partition by n.what order by sum(n.count) desc, n.name) as place
         from (
           select person, what, name, sum(count::float8) as count from read.metric_name
           where course = $1 and day between $2::date and $3::date and person in ${STUDENTS}
           group by person, what, name) n
         group by n.what, n.name) found
       where place <= $4 order by what, place`,
      [course, from, to, limit],
    );
  }

  /** Every student of the course by name, those who did nothing too; only those after the person `after`. */
  async students(course: string, { from, to }: DayRange, limit: number, after?: string): Promise<StudentFigures[]> {
    const rows = await this.#all<Sums & Omit<StudentFigures, 'figures'>>(
      `select p.id as person, p.username, p.display_name as "displayName", s.last_at as "lastAt", f.*
       from read.member m join read.person p on p.id = m.person
       left join read.metric_person s on s.person = p.id and s.course = m.course
       cross join lateral (
         select ${sums('d')} from read.metric_day d
         where d.course = m.course and d.person = p.id and d.day between $2::date and $3::date) f
       where m.course = $1 and m.role = 'student'
         and ($5::uuid is null
           or (p.display_name, p.id) > (select a.display_name, a.id from read.person a where a.id = $5::uuid))
       order by p.display_name, p.id limit $4`,
      [course, from, to, limit, after ?? null],
    );
    return rows.map(({ person, username, displayName, lastAt, ...row }) => ({
      ...{ person, username, displayName, lastAt },
      figures: figuresOf(row as unknown as Sums),
    }));
  }

  async ofPerson(course: string, person: string, { from, to }: DayRange): Promise<Figures & { lastAt: Date | null }> {
    const [row] = await this.#all<Sums & { lastAt: Date | null }>(
      `select (select s.last_at from read.metric_person s where s.person = $2 and s.course = $1) as "lastAt", ${sums('d')}
       from read.metric_day d where d.course = $1 and d.person = $2 and d.day between $3::date and $4::date`,
      [course, person, from, to],
    );
    return { ...figuresOf(row as Sums), lastAt: row?.lastAt ?? null };
  }

  daysOfPerson(course: string, person: string, { from, to }: DayRange): Promise<DayFigures[]> {
    return this.#all(
      `select d.day::text as day, 1 as people, ${DAY} from read.metric_day d
       where d.course = $1 and d.person = $2 and d.day between $3::date and $4::date group by d.day order by d.day`,
      [course, person, from, to],
    );
  }

  /** The most frequent `limit` of each kind. */
  namedOfPerson(course: string, person: string, { from, to }: DayRange, limit: number): Promise<NamedCount[]> {
    return this.#all(
      `select what, name, count, 1 as people from (
         select n.what, n.name, sum(n.count::float8) as count,
           row_number() over (partition by n.what order by sum(n.count::float8) desc, n.name) as place
         from read.metric_name n
         where n.course = $1 and n.person = $2 and n.day between $3::date and $4::date
         group by n.what, n.name) found
       where place <= $5 order by what, place`,
      [course, person, from, to, limit],
    );
  }

  /** Of one person in every course in which there is something of them. */
  async coursesOf(person: string, { from, to }: DayRange): Promise<CourseFigures[]> {
    const rows = await this.#all<Sums & Omit<CourseFigures, 'figures'>>(
      `select s.course, coalesce(c.title, s.course::text) as title, s.last_at as "lastAt", f.*
       from read.metric_person s left join read.course c on c.id = s.course
       cross join lateral (
         select ${sums('d')} from read.metric_day d
         where d.person = s.person and d.course = s.course and d.day between $2::date and $3::date) f
       where s.person = $1 order by title, s.course`,
      [person, from, to],
    );
    return rows.map(({ course, title, lastAt, ...row }) => ({
      ...{ course, title, lastAt },
      figures: figuresOf(row as unknown as Sums),
    }));
  }

  async #all<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>({ text, values: [...values] })).rows;
  }
}
