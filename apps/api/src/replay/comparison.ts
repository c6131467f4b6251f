import { changesBetween } from '@palimpsest/documents';
import type { ComparedPartDto } from '@palimpsest/protocol';
import type { FileThen, Removals } from './replay-files.js';
import { writtenSpans } from './written-spans.js';

/** What is the same, taken away and put in between two moments, in the order of the text, with who wrote it and who took it out. */
export function comparedParts(before: FileThen, after: FileThen, removals: Removals): ComparedPartDto[] {
  const [old, fresh] = [side(before), side(after)];
  const parts: ComparedPartDto[] = [];
  const same = (text: string) => text !== '' && parts.push({ kind: 'same', text, spans: [], removedBy: [] });
  let from = 0;
  let to = 0;
  for (const { at, remove, insert } of changesBetween(old.text, fresh.text)) {
    same(old.text.slice(from, at));
    to += at - from;
    if (remove > 0) {
      const edits = removals.edits.subarray(at, at + remove).filter((edit) => edit > 0);
      const removedBy = writtenSpans(edits, removals.sources);
      parts.push({ kind: 'removed', ...old.piece(at, at + remove), removedBy });
    }
    if (insert !== '') parts.push({ kind: 'inserted', ...fresh.piece(to, to + insert.length), removedBy: [] });
    from = at + remove;
    to += insert.length;
  }
  same(old.text.slice(from));
  return parts;
}

function side({ text: written, sources }: FileThen) {
  const text = written.toString();
  const edits = written.edits();
  const piece = (from: number, to: number) => ({
    text: text.slice(from, to),
    spans: writtenSpans(edits.subarray(from, to), sources),
  });
  return { text, piece };
}
