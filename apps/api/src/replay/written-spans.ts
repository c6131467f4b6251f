import type { EditSource, WrittenSpan } from '@palimpsest/protocol';

/** Milliseconds within which consecutive edits of one person count as written in one go. */
const IN_ONE_GO_MS = 5_000;

/** Who wrote the units, of which each has the number of its edit: in as few pieces as one person wrote in one go and one way. */
export function writtenSpans(edits: Uint32Array, sourceOf: (edit: number) => EditSource): WrittenSpan[] {
  const spans: [number, number, string, number, number, number][] = [];
  let endMs = 0;
  for (let at = 0; at < edits.length;) {
    const number = edits[at] ?? 0;
    const begin = at;
    while (edits[at] === number) at += 1;
    const { author, kind, ms } = sourceOf(number);
    const last = spans.at(-1);
    const goesOn = last?.[1] === author && last[2] === kind && Math.abs(ms - endMs) < IN_ONE_GO_MS;
    if (last && goesOn && number === last[5] + 1) {
      last[0] += at - begin;
      last[5] = number;
    } else spans.push([at - begin, author, kind, number, ms, number]);
    endMs = ms;
  }
  return spans;
}
