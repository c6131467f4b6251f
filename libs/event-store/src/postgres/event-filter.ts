/** One filter, said twice: for the database, which reads history, and for the events that the tailer hands out. */
import type { Filter, RecordedEvent } from '../event-store.js';
import { literal } from './binary-copy.js';

/** True if the filter lets everything through. An empty list of prefixes is no restriction. */
export function isOpen(filter: Filter | undefined): boolean {
  return !filter?.streamPrefixes?.length && !filter?.typePrefixes?.length;
}

export function matches(filter: Filter | undefined, event: RecordedEvent): boolean {
  return startsWithAny(event.stream, filter?.streamPrefixes) && startsWithAny(event.type, filter?.typePrefixes);
}

/** Conditions on es.event e. `^@` is "starts with": unlike LIKE it knows no wildcards, so % and _ mean themselves. */
export function filterConditions({ streamPrefixes, typePrefixes }: Filter): string {
  const conditions = [];
  if (streamPrefixes?.length)
    conditions.push(`exists (
      select from es.stream f where f.stream_no = e.stream_no and f.name ^@ any (${literal(streamPrefixes)}))`);
  if (typePrefixes?.length) conditions.push(`e.type ^@ any (${literal(typePrefixes)})`);
  return conditions.join(' and ');
}

function startsWithAny(text: string, prefixes: readonly string[] | undefined): boolean {
  return !prefixes?.length || prefixes.some((prefix) => text.startsWith(prefix));
}
