import type { FileHistoryDto, HistoryMarkDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';
import { pageAt } from './replay-source.js';
import { resultOf } from './runs-at.js';

/** Something on the bar to go to: a mark of the history, or a run. */
export interface Stop {
  readonly key: string;
  readonly kind: HistoryMarkDto['kind'] | 'run';
  readonly result?: ReturnType<typeof resultOf>;
  /** Where it stands on the bar: after so many edits. */
  readonly index: number;
  readonly ms: number;
  /** What it is. */
  readonly words: string;
  readonly run?: HistoryRunDto;
}

const ENDED = { ok: 'ran without error', error: 'ended with an error', open: 'has not ended' } as const;

/** All of them by time. */
export function stopsOf(history: FileHistoryDto, runs: readonly HistoryRunDto[]): Stop[] {
  return [...history.marks.map((mark) => markStop(history, mark)), ...runs.map((run) => runStop(history, run))].sort(
    (a, b) => a.ms - b.ms,
  );
}

function markStop({ authors }: FileHistoryDto, { kind, edit, ms, author, size }: HistoryMarkDto): Stop {
  const name = authors[author]?.name ?? 'Somebody';
  const words = {
    pasted: `${name} pasted ${size} characters`,
    'put-back': `${name} put ${size} characters back`,
    pause: `Nobody wrote for ${inWords(size)}; then ${name} went on`,
  }[kind];
  return { key: `${kind} ${edit}`, kind, index: edit, ms, words: `${words}, ${dayAndTime(ms)}` };
}

function runStop(history: FileHistoryDto, run: HistoryRunDto): Stop {
  const result = resultOf(run);
  const error = run.errors[0];
  const what = error ? `${ENDED[result]} (${error.exception})` : ENDED[result];
  const words = `${run.byName} ran ${run.entry ?? 'Python'} at ${dayAndTime(run.requestedAt)}: ${what}${fixInWords(run)}`;
  return {
    key: run.id,
    kind: 'run',
    result,
    index: run.edit ?? indexAbout(history, run.requestedAt),
    ms: run.requestedAt,
    words,
    run,
  };
}

function fixInWords({ fix }: HistoryRunDto): string {
  if (!fix) return '';
  return fix.to - fix.from === 1 ? `; edit ${fix.to} fixed it` : `; fixed by edits ${fix.from + 1} to ${fix.to}`;
}

/** About how many edits were made by then, for a place on the bar: the page's times say no more. */
function indexAbout(history: FileHistoryDto, ms: number): number {
  const page = history.pages[pageAt(history, ms)];
  if (!page) return 0;
  const share = Math.min(1, Math.max(0, (ms - page.startMs) / Math.max(1, page.endMs - page.startMs)));
  return Math.round(page.first + share * page.edits);
}

/** `3 min`, `2 h 5 min`, `4 days`. */
export function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1_440)} days`;
}
