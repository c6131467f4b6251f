import type { FileHistoryDto, HistoryMarkDto, HistoryStretchDto } from '@palimpsest/protocol';
import type { OpenReplay } from './replay-files.js';

/** Stretches of the bar at most: more than a screen has room for says nothing. */
const MOST_STRETCHES = 300;
/** Marks of one kind at most: more cannot be told apart on the bar. */
const MOST_MARKS = 200;

/** What to draw of a history at once, whatever its length: it is made of what is known of its pages, none of them is read. */
export function overviewOf(
  open: OpenReplay,
): Pick<FileHistoryDto, 'edits' | 'stretches' | 'pages' | 'marks' | 'allMarks'> {
  const pages = open.pages.map(({ first, edits, summary: { startMs, endMs }, tag }) => ({
    ...{ first, edits, startMs, endMs, tag },
  }));
  const marks = marksOf(open);
  const pauses = marks.filter(({ kind }) => kind === 'pause');
  const pastes = marks.filter(({ kind }) => kind !== 'pause');
  const shown = [...largest(pauses), ...largest(pastes)].sort((a, b) => a.edit - b.edit);
  return { edits: open.edits, stretches: stretchesOf(open), pages, marks: shown, allMarks: marks.length };
}

function stretchesOf({ pages }: OpenReplay): HistoryStretchDto[] {
  const slots = pages.flatMap(({ summary }) => summary.slots);
  const size = Math.max(1, Math.ceil(slots.length / MOST_STRETCHES));
  const stretches: HistoryStretchDto[] = [];
  for (let at = 0; at < slots.length; at += size) {
    const some = slots.slice(at, at + size);
    const by = new Map<number, number>();
    for (const slot of some) for (const [author, edits] of slot.by) by.set(author, (by.get(author) ?? 0) + edits);
    stretches.push({ edits: some.reduce((sum, { edits }) => sum + edits, 0), ms: some[0]?.ms ?? 0, by: [...by] });
  }
  return stretches;
}

function marksOf({ pages }: OpenReplay): HistoryMarkDto[] {
  return pages.flatMap(({ summary: { pastes, pauses } }) => [
    ...pastes.map(({ edit, ms, author, kind, units }) => {
      return { kind: kind === 'pasted' ? ('pasted' as const) : ('put-back' as const), edit, ms, author, size: units };
    }),
    ...pauses.map(({ edit, ms, author, lasted }) => ({ kind: 'pause' as const, edit, ms, author, size: lasted })),
  ]);
}

function largest(marks: readonly HistoryMarkDto[]): HistoryMarkDto[] {
  return [...marks].sort((a, b) => b.size - a.size).slice(0, MOST_MARKS);
}
