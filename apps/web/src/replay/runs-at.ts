import type { HistoryRunDto } from '@palimpsest/protocol/wire';
import { plainText } from '../plain-text.js';

/** How a run stood at a moment. */
export interface RunAt {
  readonly run: HistoryRunDto;
  readonly state: 'waiting' | 'running' | 'ended';
  /** What it had printed by then. */
  readonly output: string;
}

/** The runs that had been asked for by then, the latest first. */
export function runsAt(runs: readonly HistoryRunDto[], ms: number): RunAt[] {
  return runs
    .filter((run) => run.requestedAt <= ms)
    .map((run) => runAt(run, ms))
    .sort((a, b) => b.run.requestedAt - a.run.requestedAt);
}

function runAt(run: HistoryRunDto, ms: number): RunAt {
  const printed = run.output.filter(([at]) => at <= ms).map(([, text]) => text);
  return { run, state: stateAt(run, ms), output: plainText(printed.join('')) };
}

function stateAt(run: HistoryRunDto, ms: number): RunAt['state'] {
  if (run.finishedAt !== null && run.finishedAt <= ms) return 'ended';
  return run.startedAt !== null && run.startedAt <= ms ? 'running' : 'waiting';
}

/** What came of a run in the end, for its mark on the bar. A program that raised may have ended in an orderly prompt. */
export type RunResult = 'ok' | 'error' | 'open';

const ORDERLY: ReadonlySet<string> = new Set(['exited', 'cancelled']);

export function resultOf(run: HistoryRunDto): RunResult {
  if (run.raised !== null) return 'error';
  if (run.finishedAt === null) return 'open';
  return run.outcome === null || ORDERLY.has(run.outcome) ? 'ok' : 'error';
}

/** An outcome's kind in words. */
export function outcomeInWords(outcome: string | null): string {
  return (outcome && WORDS[outcome]) ?? 'ended';
}

const WORDS: Readonly<Record<string, string>> = {
  exited: 'ended',
  signalled: 'ended by a signal',
  'timed-out': 'stopped because it ran too long,',
  'out-of-memory': 'stopped because it needed too much memory,',
  'output-limit': 'stopped because it printed too much,',
  'workspace-limit': 'stopped because its files were too many or too large,',
  cancelled: 'stopped',
  interrupted: 'interrupted because the server stopped,',
  refused: 'refused',
  failed: 'failed to run',
};
