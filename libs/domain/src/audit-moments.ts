/** A time as people write it in a query, in UTC: 2026-10-01, 2026-10-01T08:30, `today`, `yesterday`, or `7d` for a time ago. */
export interface QueryMoment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** It names a whole day, which begins at `at`. */
  readonly isDay: boolean;
}

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { w: 7 * DAY_MS, d: DAY_MS, h: 3_600_000, m: 60_000 };
const AGO = /^(\d{1,4})([wdhm])$/;
/** Of ISO 8601 what every reader takes in the same way, in the years that a log can have; without a zone it is UTC. */
const ISO = /^(2\d{3}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** Undefined for what is no time. `now`: milliseconds since 1970. */
export function momentOf(text: string, now: number): QueryMoment | undefined {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  if (text === 'today') return { at: today, isDay: true };
  if (text === 'yesterday') return { at: today - DAY_MS, isDay: true };
  const [, count, unit] = AGO.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return { at: now - Number(count) * (UNITS[unit] ?? 0), isDay: false };
  const [, day, time, zone] = ISO.exec(text) ?? [];
  if (day === undefined || !isDayOfCalendar(day)) return undefined;
  const at = Date.parse(`${day}T${time ?? '00:00'}${zone ?? 'Z'}`);
  return Number.isNaN(at) ? undefined : { at, isDay: time === undefined };
}

/** The 30th of February is read by `Date` as the 2nd of March. */
function isDayOfCalendar(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
