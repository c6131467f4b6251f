/** How an import is cut into writes. Pure, and shared by all adapters. */
import { InvalidArgument } from './errors.js';
import type { ImportedEvent } from './event-store.js';
import { checkEvent, checkRevision, checkStreamName, MAX_APPEND_BYTES } from './validation.js';

/** Events in one write. Beyond a few hundred, more do not make it faster. */
const MAX_EVENTS = 1000;

/** Throws InvalidArgument or AppendTooLarge unless each of these can be an event of a log. */
export function checkImport(events: readonly ImportedEvent[]): void {
  for (const event of events) {
    checkStreamName(event.stream);
    checkRevision(event.revision);
    checkEvent(event);
    if (!(event.recordedAt instanceof Date) || Number.isNaN(event.recordedAt.getTime()))
      throw new InvalidArgument(`The time of event ${event.id} in "${event.stream}" is no date.`);
  }
}

/** Cuts events into groups of at most 1,000 events and of as many bytes as one append may have; `ends` may cut earlier. */
export function* groupsOfImport(
  events: readonly ImportedEvent[],
  ends: (last: ImportedEvent, next: ImportedEvent) => boolean = () => false,
): Generator<readonly ImportedEvent[]> {
  let group: ImportedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = event.data.byteLength + (event.metadata?.byteLength ?? 0);
    const last = group.at(-1);
    if (last && (group.length === MAX_EVENTS || bytes + size > MAX_APPEND_BYTES || ends(last, event))) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(event);
    bytes += size;
  }
  if (group.length > 0) yield group;
}
