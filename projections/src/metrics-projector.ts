import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { COUNTED_TYPES, COUNTS, type Fact, factOf } from './metrics-facts.js';
import { type DayAddition, type NamedAddition, type PersonState, type RunState, Tally } from './metrics-tally.js';
import type { Projector } from './projector.js';

/** The shape of version 1. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
-- What somebody did in a course on a day (UTC).
create table metric_day (
  course  uuid not null,
  person  uuid not null,
  day     date not null,
  last_at timestamptz,                   -- of the person's own actions
  ${COUNTS.map((name) => `${name} bigint not null default 0`).join(',\n  ')},
  primary key (course, person, day)
) with (fillfactor = 80);                -- a day's row is added to all day: room to do that in its page
create index metric_day_by_person on metric_day (person, course);

-- How often each outcome, error and limit occurred on that day.
create table metric_name (
  course uuid not null,
  person uuid not null,
  day    date not null,
  what   text collate "C" not null,      -- outcome, error, limit
  name   text collate "C" not null,
  count  bigint not null,
  primary key (course, person, day, what, name)
) with (fillfactor = 80);

-- Where somebody stands, so that the next event can be compared with it (metrics-tally.ts).
create table metric_person (
  course       uuid not null,
  person       uuid not null,
  last_at      timestamptz not null,
  result_day   date,
  result_error text not null,
  repeats      int not null,
  primary key (person, course)
) with (fillfactor = 80);

-- Runs that have not ended.
create table metric_run (
  run        uuid primary key,
  course     uuid not null,
  person     uuid not null,
  day        date not null,
  is_prompt  boolean not null,
  raised     text not null,
  has_result boolean not null
);
`;

async function runsOf(facts: readonly Fact[], tx: ClientBase): Promise<RunState[]> {
  const ids = new Set(facts.flatMap((fact) => ('run' in fact && fact.kind !== 'asked' ? [fact.run] : [])));
  if (ids.size === 0) return [];
  const { rows } = await tx.query<RunState>(
    `select run, course, person, day::text as day, is_prompt as "isPrompt", raised, has_result as "hasResult"
     from metric_run where run = any($1::uuid[])`,
    [[...ids]],
  );
  return rows;
}

async function peopleOf(facts: readonly Fact[], runs: readonly RunState[], tx: ClientBase): Promise<PersonState[]> {
  const ids = new Set([...facts.flatMap((fact) => ('person' in fact ? [fact.person] : [])), ...runs.map(personOf)]);
  const { rows } = await tx.query<PersonState>(
    `select course, person, last_at as "lastAt", result_day::text as "resultDay", result_error as "resultError", repeats
     from metric_person where person = any($1::uuid[])`,
    [[...ids]],
  );
  return rows;
}

const personOf = ({ person }: { readonly person: string }) => person;

const ADD_DAYS = `
  insert into metric_day as d (course, person, day, last_at, ${COUNTS.join(', ')})
  select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[],
    ${COUNTS.map((_, n) => `$${n + 5}::bigint[]`).join(', ')})
  on conflict (course, person, day) do update set last_at = greatest(d.last_at, excluded.last_at),
    ${COUNTS.map((name) => `${name} = d.${name} + excluded.${name}`).join(', ')}`;

async function addDays(days: readonly DayAddition[], tx: ClientBase): Promise<void> {
  if (days.length === 0) return;
  await tx.query({
    name: 'add days of metrics', // of so many columns: to plan it anew takes as long as to carry it out
    text: ADD_DAYS,
    values: [
      ...columns(days, ({ course, person, day, lastAt }) => [course, person, day, lastAt]),
      ...COUNTS.map((name) => days.map(({ counts }) => counts[name] ?? 0)),
    ],
  });
}

async function addNamed(named: readonly NamedAddition[], tx: ClientBase): Promise<void> {
  if (named.length === 0) return;
  await tx.query(
    `insert into metric_name as n (course, person, day, what, name, count)
     select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[], $5::text[], $6::bigint[])
     on conflict (course, person, day, what, name) do update set count = n.count + excluded.count`,
    columns(named, ({ course, person, day, what, name, count }) => [course, person, day, what, name, count]),
  );
}

async function keepPeople(people: readonly PersonState[], tx: ClientBase): Promise<void> {
  if (people.length === 0) return;
  await tx.query(
    `insert into metric_person (course, person, last_at, result_day, result_error, repeats)
     select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::date[], $5::text[], $6::int[])
     on conflict (person, course) do update set last_at = excluded.last_at, result_day = excluded.result_day,
       result_error = excluded.result_error, repeats = excluded.repeats`,
    columns(people, (state) => [
      ...[state.course, state.person, state.lastAt, state.resultDay, state.resultError, state.repeats],
    ]),
  );
}

async function keepRuns({ runs, ended }: Tally, tx: ClientBase): Promise<void> {
  if (ended.size > 0) await tx.query('delete from metric_run where run = any($1::uuid[])', [[...ended]]);
  if (runs.size === 0) return;
  await tx.query(
    `insert into metric_run (run, course, person, day, is_prompt, raised, has_result)
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::boolean[], $6::text[], $7::boolean[])
     on conflict (run) do update set raised = excluded.raised, has_result = excluded.has_result`,
    columns([...runs.values()], (run) => [
      ...[run.run, run.course, run.person, run.day, run.isPrompt, run.raised, run.hasResult],
    ]),
  );
}

function columns<Row>(rows: readonly Row[], of: (row: Row) => readonly unknown[]): unknown[][] {
  const cells = rows.map(of);
  return (cells[0] ?? []).map((_, column) => cells.map((row) => row[column]));
}

/** By at most seven statements, whatever the number of events. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const facts = events.map(factOf).filter((fact) => fact !== undefined);
  if (facts.length === 0) return;
  const runs = await runsOf(facts, tx);
  const tally = new Tally(await peopleOf(facts, runs, tx), runs);
  for (const fact of facts) tally.add(fact);
  await addDays([...tally.days.values()], tx);
  await addNamed([...tally.named.values()], tx);
  await keepPeople([...tally.people.values()], tx);
  await keepRuns(tally, tx);
}

/** Per person, course and day what was done, how scripts ended, and for how long somebody was at work. */
export const metricsProjector: Projector = {
  name: 'metrics',
  version: 1,
  typePrefixes: COUNTED_TYPES,
  tables: ['metric_day', 'metric_name', 'metric_person', 'metric_run'],
  ddl: DDL,
  // Nobody sees a figure grow by one, and a row's day is written less often.
  gatherMs: 100,
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
