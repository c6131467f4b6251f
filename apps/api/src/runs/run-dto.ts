import type { RunRow } from '@palimpsest/projections';
import type { RunDto } from '@palimpsest/protocol';

/** A run as a list shows it. */
export function runDto(row: RunRow): RunDto {
  const { id, workspace, workspaceName, by, byName, mode, entry, entryFile, state, outcome, ending, errors } = row;
  const { exceptions, wallMs, cpuMs, peakBytes, outputBytes, requestedAt, startedAt, finishedAt } = row;
  return {
    ...{ id, workspace, workspaceName, by, byName, mode, entry, entryFile, state, outcome, ending, errors, exceptions },
    ...{ wallMs, cpuMs, peakBytes, outputBytes },
    failed: errors > 0 || !(outcome === null || outcome === 'exited' || outcome === 'cancelled'),
    requestedAt: requestedAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
