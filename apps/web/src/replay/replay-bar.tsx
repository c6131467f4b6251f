import type { FileHistoryDto } from '@palimpsest/protocol/wire';
import { useMemo } from 'react';
import { clockTime, dayAndTime } from '../clock-time.js';
import { authorStrip } from './author-strip.js';
import { resultOf, type RunResult } from './runs-at.js';
import type { Replay } from './use-replay.js';

interface Props {
  readonly history: FileHistoryDto;
  readonly replay: Replay;
  readonly label: string;
}

const MARK: Record<RunResult, { readonly sign: string; readonly words: string }> = {
  ok: { sign: '✓', words: 'ran without error' },
  error: { sign: '✕', words: 'ended with an error' },
  open: { sign: '▶', words: 'has not ended' },
};

const percent = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100);

/** All edits as one bar: who wrote when, the runs, and a handle for the moment. */
export function ReplayBar({ history, replay, label }: Props) {
  const { playback, moment } = replay;
  return (
    <div className="replay-bar">
      <AuthorStrip history={history} />
      <ol className="replay-marks" aria-label="Runs">
        {playback.runs.map((run, number) => {
          const result = resultOf(run);
          const text = `${run.byName} ran ${run.entry ?? 'Python'} at ${dayAndTime(run.requestedAt)}: ${MARK[result].words}`;
          return (
            <li key={run.id} style={{ left: `${percent(playback.indexOfRun(run), playback.length)}%` }}>
              <button
                type="button"
                className="replay-mark"
                data-result={result}
                aria-label={text}
                title={text}
                tabIndex={-1}
                onClick={() => replay.toRun(number)}
                data-testid="replay-mark"
              >
                {MARK[result].sign}
              </button>
            </li>
          );
        })}
      </ol>
      <input
        type="range"
        className="replay-slider"
        min={0}
        max={playback.length}
        value={moment.index}
        onChange={(event) => replay.seek(Number(event.currentTarget.value))}
        aria-label="Edit"
        aria-valuetext={label}
        data-testid="replay-slider"
        data-autofocus
      />
      <div className="replay-ends" aria-hidden>
        <span>{playback.length > 0 && dayAndTime(playback.timeOf(1))}</span>
        <span>{playback.length > 0 && clockTime(playback.timeOf(playback.length))}</span>
      </div>
    </div>
  );
}

/** Who wrote when: a colour for each stretch of edits. The names are above, and with each edit. */
function AuthorStrip({ history }: { readonly history: FileHistoryDto }) {
  const parts = useMemo(() => authorStrip(history), [history]);
  return (
    <div className="replay-strip" aria-hidden>
      {parts.map(({ colour, share }, part) => (
        <span key={part} style={{ background: colour, flexGrow: share }} />
      ))}
    </div>
  );
}
