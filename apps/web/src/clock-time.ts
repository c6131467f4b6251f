const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** `12:03:11` in the reader's time zone. */
export function clockTime(ms: number): string {
  return TIME.format(ms);
}

/** `12:03:11` for a moment of today, with the date before it otherwise. */
export function dayAndTime(ms: number, now = Date.now()): string {
  const day = DAY.format(ms);
  return day === DAY.format(now) ? clockTime(ms) : `${day}, ${clockTime(ms)}`;
}

const FULL = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** Day and time with seconds, always both. */
export function fullTime(ms: number): string {
  return FULL.format(ms);
}
