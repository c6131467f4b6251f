/** Bytes of updates in one event, so that with its metadata it fits into one append. */
const MAX_EVENT_BYTES = 900_000;

/** The updates in order, in as few groups as there have to be events. */
export function groupsOf(updates: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const groups: Uint8Array[][] = [];
  let room = 0;
  for (const update of updates) {
    if (groups.length === 0 || update.length > room) {
      groups.push([]);
      room = MAX_EVENT_BYTES;
    }
    groups.at(-1)?.push(update);
    room -= update.length;
  }
  return groups;
}
