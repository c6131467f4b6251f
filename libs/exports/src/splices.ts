import type * as Y from 'yjs';

/** At `at` remove `remove` UTF-16 units and put `insert`; each on the text that the ones before it have left. */
export interface Splice {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** What a change of a Y.Text did, as splices. */
export function splicesOf(delta: Y.YTextEvent['delta']): Splice[] {
  const splices: { at: number; remove: number; insert: string }[] = [];
  let at = 0;
  let open: (typeof splices)[number] | undefined;
  for (const part of delta) {
    if (part.retain !== undefined) {
      at += part.retain + (open?.insert.length ?? 0);
      open = undefined;
      continue;
    }
    if (!open) splices.push((open = { at, remove: 0, insert: '' }));
    if (part.delete !== undefined) open.remove += part.delete;
    if (typeof part.insert === 'string') open.insert += part.insert;
  }
  return splices;
}
