/** What the benchmarks of the event store append, and how they summarise what they measure. */
import { randomBytes, randomUUID } from 'node:crypto';

/** Events in a batch. */
export const BATCH = 100;

/** Bytes of an event: an edit of a few letters with its metadata. */
const DATA = randomBytes(60);
const METADATA = Buffer.from(JSON.stringify({ v: 1, actor: { id: randomUUID(), role: 'student', via: 'websocket' } }));

export const event = () => ({
  id: randomUUID(),
  type: 'FileEdited',
  contentType: 'binary',
  data: DATA,
  metadata: METADATA,
});
export const batch = (size = BATCH) => Array.from({ length: size }, event);
export const newStream = () => `bench-${randomUUID()}`;

/** The value below which this part of the values lies; 0 for none. */
export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

export const median = (values) => percentile(values, 0.5);

/**
 * Rates of several ways to do the same, measured in turns: on a machine that others use as well, only what was measured
 * within the same seconds can be compared. Returns the median rate of each, and the median of each one's rate divided by
 * that of `reference` in the same round.
 */
export async function inTurns(rounds, reference, ways) {
  const rates = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, measure] of Object.entries(ways)) rates[name].push(await measure());
  const ratios = (name) => rates[name].map((rate, round) => rate / rates[reference][round]);
  return Object.fromEntries(
    Object.keys(ways).map((name) => [name, { rate: median(rates[name]), ratio: median(ratios(name)) }]),
  );
}
