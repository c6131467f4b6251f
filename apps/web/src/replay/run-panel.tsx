import { Text } from '@mantine/core';
import { clockTime, dayAndTime } from '../clock-time.js';
import { outcomeInWords, type RunAt, runsAt } from './runs-at.js';
import type { HistoryRunDto } from '@palimpsest/protocol/wire';

/** Runs that the panel names besides the latest. */
const EARLIER = 3;

/** Which runs stood where at the moment, and what the latest had printed by then. */
export function RunPanel({ runs, ms }: { readonly runs: readonly HistoryRunDto[]; readonly ms: number }) {
  const [latest, ...earlier] = runsAt(runs, ms);
  return (
    <section className="replay-runs" aria-label="Runs at this moment">
      {latest ? (
        <>
          <RunLine at={latest} testId="replay-run" />
          <pre className="replay-output" data-testid="replay-run-output" tabIndex={0} aria-label="Output of the run">
            {latest.output}
          </pre>
          {latest.run.errors
            .filter((error) => error.ms <= ms)
            .map((error, number) => (
              <Text key={number} size="sm" c="red" data-testid="replay-run-error">
                {error.exception}: {error.message}
                {error.line !== null && ` (line ${error.line})`}
              </Text>
            ))}
          {earlier.slice(0, EARLIER).map((at) => (
            <RunLine key={at.run.id} at={at} testId="replay-run-earlier" />
          ))}
        </>
      ) : (
        <Text size="sm" c="dimmed" data-testid="replay-no-run">
          Nothing had been run yet.
        </Text>
      )}
    </section>
  );
}

function describeState({ run, state }: RunAt): string {
  if (state === 'waiting') return 'waiting to start';
  if (state === 'running') return 'running';
  return `${outcomeInWords(run.outcome)} at ${clockTime(run.finishedAt ?? run.requestedAt)}`;
}

function RunLine({ at, testId }: { readonly at: RunAt; readonly testId: string }) {
  const { run, state } = at;
  const what = run.entry === null ? 'opened a Python prompt' : `ran ${run.entry}`;
  return (
    <Text size="sm" className="replay-run" data-testid={testId} data-state={state}>
      {run.byName} {what} at {dayAndTime(run.requestedAt)} · {describeState(at)}
    </Text>
  );
}
