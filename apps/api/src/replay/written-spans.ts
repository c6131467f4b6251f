import { sourceOfHead, type WrittenSpan } from '@palimpsest/protocol';
import type { SourcesThen } from './sources-then.js';

/** Milliseconds within which consecutive edits of one person count as written in one go. */
const IN_ONE_GO_MS = 5_000;

/** Who wrote the units, of which each has the number of its edit: in as few pieces as one person wrote in one go and one way. */
export function writtenSpans(edits: Uint32Array, sources: SourcesThen): WrittenSpan[] {
  const spans: WrittenSpan[] = [];
  // The span that may still grow. Not an object for each edit, which for a long text costs more than all else.
  let units = 0;
  let head = 0;
  let first = 0;
  let beginMs = 0;
  let last = 0;
  let endMs = 0;
  const push = () => {
    const { author, kind } = sourceOfHead(head);
    spans.push([units, author, kind, first, beginMs, last]);
  };
  for (let at = 0; at < edits.length;) {
    const number = edits[at] ?? 0;
    const begin = at;
    while (edits[at] === number) at += 1;
    sources.find(number);
    const { head: itsHead, ms } = sources;
    if (units > 0 && number === last + 1 && itsHead === head && Math.abs(ms - endMs) < IN_ONE_GO_MS) {
      units += at - begin;
    } else {
      if (units > 0) push();
      [units, head, first, beginMs] = [at - begin, itsHead, number, ms];
    }
    last = number;
    endMs = ms;
  }
  if (units > 0) push();
  return spans;
}
