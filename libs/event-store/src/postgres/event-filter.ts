/** A filter as the database has it, which reads history; filter.ts says the same of what the tailer hands out. */
import type { Filter } from '../event-store.js';
import { literal } from './binary-copy.js';

/**
 * Conditions on es.event e. `^@` is "starts with": unlike LIKE it knows no wildcards, so % and _ mean themselves. The name of a
 * stream is looked up for each event, as a value: written with `exists`, it is a join, for which the planner hashes all
 * streams of the log anew for each page.
 */
export function filterConditions({ streamPrefixes, typePrefixes }: Filter): string {
  const conditions = [];
  if (streamPrefixes?.length)
    conditions.push(
      `(select f.name ^@ any (${literal(streamPrefixes)}) from es.stream f where f.stream_no = e.stream_no)`,
    );
  if (typePrefixes?.length) conditions.push(`e.type ^@ any (${literal(typePrefixes)})`);
  return conditions.join(' and ');
}
