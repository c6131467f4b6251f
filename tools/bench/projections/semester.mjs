/** A semester as rows of the read model of metrics, and how long its dashboard takes to be asked for. */

const STUDENTS = 60;
const WEEKS = 16;
/** Other courses whose rows lie beside it. */
const OTHERS = 20;
const ASKED = 200;

const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;

/** Everybody works on four of five weekdays and meets some eight names of outcomes, errors and limits on each. */
async function fill(pool) {
  await pool.query(
    `truncate read.metric_day, read.metric_name, read.metric_person, read.person, read.course, read.member`,
  );
  await pool.query(`
    insert into read.course (id, title) select md5('course' || c)::uuid, 'Course ' || c from generate_series(0, ${OTHERS}) c;
    insert into read.person (id, username, display_name, role)
      select md5('person' || c || ' ' || s)::uuid, 's' || c || '-' || s, 'Student ' || s, 'student'
      from generate_series(0, ${OTHERS}) c, generate_series(1, ${STUDENTS}) s;
    insert into read.member (course, person, role)
      select md5('course' || c)::uuid, md5('person' || c || ' ' || s)::uuid, 'student'
      from generate_series(0, ${OTHERS}) c, generate_series(1, ${STUDENTS}) s;
    insert into read.metric_person (course, person, last_at, result_error, repeats)
      select course, person, now(), '', 0 from read.member;
    insert into read.metric_day (course, person, day, last_at, runs, completed, failed, errors, edits, typed, pasted, active_ms,
        results, result_errors, result_pairs, error_points, repeated_error_micros)
      select m.course, m.person, date '2026-09-01' + d, now(), 12, 8, 4, 5, 900, 1800, 90, 2700000, 12, 4, 11, 30, 1500000
      from read.member m, generate_series(0, ${WEEKS * 7 - 1}) d
      where extract(isodow from date '2026-09-01' + d) <= 5 and hashtext(m.person::text || d) % 5 <> 0;
    insert into read.metric_name (course, person, day, what, name, count)
      select course, person, day, what, name, 2 from read.metric_day, (values ('outcome', 'completed'), ('outcome', 'raised'),
        ('outcome', 'timed-out'), ('error', 'NameError'), ('error', 'TypeError'), ('error', 'SyntaxError'), ('error', 'IndexError'),
        ('limit', 'runs-a-minute')) n (what, name);
    analyze read.metric_day, read.metric_name, read.metric_person, read.person, read.member`);
}

/** Milliseconds of each query of the dashboard, p95 of so many. */
export async function dashboard(pool, MetricsQueries) {
  await fill(pool);
  const queries = new MetricsQueries(pool);
  const { rows } = await pool.query(`select md5('course0')::uuid as course, md5('person0 1')::uuid as person`);
  const { course, person } = rows[0];
  const range = { from: '2026-09-01', to: '2026-12-31' };
  const asked = {
    'class totals': () => queries.ofClass(course, range),
    'class by day': () => queries.daysOfClass(course, range),
    'class by name': () => queries.namedOfClass(course, range, 20),
    'every student': () => queries.students(course, range, 200),
    'one student': () => queries.ofPerson(course, person, range),
    'one student by day': () => queries.daysOfPerson(course, person, range),
    'one student by name': () => queries.namedOfPerson(course, person, range, 20),
    'own, all courses': () => queries.coursesOf(person, range),
    'the page of a class': () =>
      Promise.all([
        queries.ofClass(course, range),
        queries.daysOfClass(course, range),
        queries.namedOfClass(course, range, 20),
        queries.students(course, range, 200),
      ]),
  };
  const found = {};
  for (const [name, ask] of Object.entries(asked)) {
    const times = [];
    for (let n = 0; n < ASKED; n++) {
      const begin = performance.now();
      await ask();
      times.push(performance.now() - begin);
    }
    found[name] = percentile(times, 0.95);
  }
  return found;
}
