/** One filter, said twice: for the database, which reads history, and for the events that the tailer hands out. */
import type { Filter, RecordedEvent } from '../event-store.js';

/** True if the filter lets everything through. An empty list of prefixes is no restriction. */
export function isOpen(filter: Filter | undefined): boolean {
  return !filter?.streamPrefixes?.length && !filter?.typePrefixes?.length;
}

export function matches(filter: Filter | undefined, event: RecordedEvent): boolean {
  return startsWithAny(event.stream, filter?.streamPrefixes) && startsWithAny(event.type, filter?.typePrefixes);
}

/**
 * Conditions on es.event e, with two parameters from number `first` on. `^@` is "starts with": unlike LIKE it knows no
 * wildcards, so a prefix with % or _ means itself.
 */
export function filterConditions(first: number): string {
  const [streams, types] = [`$${first}::text[]`, `$${first + 1}::text[]`];
  return `
    (${streams} is null or exists (
      select from es.stream f where f.stream_no = e.stream_no and f.name ^@ any (${streams})))
    and (${types} is null or e.type ^@ any (${types}))`;
}

export function filterValues(filter: Filter | undefined): (readonly string[] | null)[] {
  return [filter?.streamPrefixes, filter?.typePrefixes].map((prefixes) => (prefixes?.length ? prefixes : null));
}

function startsWithAny(text: string, prefixes: readonly string[] | undefined): boolean {
  return !prefixes?.length || prefixes.some((prefix) => text.startsWith(prefix));
}
