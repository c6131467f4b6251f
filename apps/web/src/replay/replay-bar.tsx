import type { FileHistoryDto } from '@palimpsest/protocol/wire';
import { useMemo } from 'react';
import { clockTime, dayAndTime } from '../clock-time.js';
import { colourOf } from '../person-colour.js';
import type { Stop } from './stops.js';
import type { Replay } from './use-replay.js';

interface Props {
  readonly history: FileHistoryDto;
  readonly replay: Replay;
  readonly label: string;
}

const percent = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100);

function signOf({ kind, result }: Stop): string {
  if (kind === 'run') return result === 'ok' ? '✓' : result === 'error' ? '✕' : '▶';
  return { pasted: 'P', 'put-back': '↶', pause: '⏸' }[kind];
}

/** All edits as one bar: who wrote when, what to go to, and a handle for the moment. */
export function ReplayBar({ history, replay, label }: Props) {
  return (
    <div className="replay-bar">
      <AuthorStrip history={history} />
      <ol className="replay-marks" aria-label="Runs, pasted texts and pauses">
        {replay.stops.map((stop) => (
          <li key={stop.key} style={{ left: `${percent(stop.index, history.edits)}%` }}>
            <button
              type="button"
              className="replay-mark"
              data-result={stop.result ?? stop.kind}
              aria-label={stop.words}
              title={stop.words}
              tabIndex={-1}
              onClick={() => replay.to(stop)}
              data-testid={stop.run ? 'replay-mark' : 'replay-history-mark'}
            >
              {signOf(stop)}
            </button>
          </li>
        ))}
      </ol>
      <input
        type="range"
        className="replay-slider"
        min={0}
        max={history.edits}
        value={replay.moment.index}
        onChange={(event) => replay.seek(Number(event.currentTarget.value))}
        aria-label="Edit"
        aria-valuetext={label}
        data-testid="replay-slider"
        data-autofocus
      />
      <div className="replay-ends" aria-hidden>
        <span>{history.pages[0] && dayAndTime(history.pages[0].startMs)}</span>
        <span>{history.pages.length > 0 && clockTime(history.pages.at(-1)?.endMs ?? 0)}</span>
      </div>
    </div>
  );
}

/** Who wrote when: a colour for each stretch of edits, of who made most of them. The names are with each edit. */
function AuthorStrip({ history }: { readonly history: FileHistoryDto }) {
  const parts = useMemo(
    () =>
      history.stretches.map(({ edits, by }) => {
        const [author] = by.reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0]);
        return { edits, colour: colourOf(history.authors[author]?.id ?? '') };
      }),
    [history],
  );
  return (
    <div className="replay-strip" aria-hidden>
      {parts.map(({ colour, edits }, part) => (
        <span key={part} style={{ background: colour, flexGrow: edits }} />
      ))}
    </div>
  );
}
