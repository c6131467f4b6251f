import { useState } from 'react';
import { ErrorCard } from './error-card.js';
import { FigureStrip } from './figure-strip.js';
import type { RunView } from './run-view.js';

interface Props {
  readonly view: RunView;
  /** How to show a line of a file; null for a path that is not there. */
  readonly lineOf: (path: string, line: number) => (() => void) | null;
}

/** What a run has to say beside its terminal: the latest error, and plots. */
export function RunNotes({ view, lineOf }: Props) {
  const { id, error, errorCount, figures } = view;
  const [dismissed, setDismissed] = useState('');
  const name = `${id} ${errorCount}`;
  const shown = error !== null && dismissed !== name ? error : null;
  if (shown === null && figures.length === 0) return null;
  return (
    <div className="run-notes">
      {shown && (
        <ErrorCard
          key={name}
          error={shown}
          onShowLine={shown.path !== null && shown.line !== null ? lineOf(shown.path, shown.line) : null}
          onDismiss={() => setDismissed(name)}
        />
      )}
      {figures.length > 0 && <FigureStrip run={id} figures={figures} />}
    </div>
  );
}
