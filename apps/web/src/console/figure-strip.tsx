import { useEffect, useRef } from 'react';
import type { RunFigure } from './run-view.js';

interface Props {
  readonly run: string;
  readonly figures: readonly RunFigure[];
}

/** The plots of a run, the newest in sight. Each opens in a tab of its own. */
export function FigureStrip({ run, figures }: Props) {
  const last = useRef<HTMLLIElement>(null);
  // Newer browsers return a promise, which is no clean-up.
  useEffect(() => void last.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [figures.length]);
  return (
    <ul className="figure-strip" aria-label="Plots" data-testid="figures">
      {figures.map(({ sha256, width, height }, index) => {
        const address = `/api/runs/${run}/figures/${sha256}`;
        return (
          <li key={index} ref={index === figures.length - 1 ? last : null}>
            <a href={address} target="_blank" rel="noreferrer">
              <img
                src={address}
                width={width}
                height={height}
                alt={`Plot ${index + 1} of this run`}
                data-testid="figure"
              />
            </a>
          </li>
        );
      })}
    </ul>
  );
}
