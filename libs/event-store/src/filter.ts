/** Which events a filter lets through. Pure, and shared by all adapters. */
import type { Filter, RecordedEvent } from './event-store.js';

/** True if the filter lets everything through. An empty list of prefixes is no restriction. */
export function isOpen(filter: Filter | undefined): boolean {
  return !filter?.streamPrefixes?.length && !filter?.typePrefixes?.length;
}

export function matches(filter: Filter | undefined, event: RecordedEvent): boolean {
  return startsWithAny(event.stream, filter?.streamPrefixes) && startsWithAny(event.type, filter?.typePrefixes);
}

function startsWithAny(text: string, prefixes: readonly string[] | undefined): boolean {
  return !prefixes?.length || prefixes.some((prefix) => text.startsWith(prefix));
}
