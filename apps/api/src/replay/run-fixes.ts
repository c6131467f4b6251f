import type { HistoryRunDto, RunFixDto } from '@palimpsest/protocol';

type Tried = Pick<HistoryRunDto, 'id' | 'entry' | 'edit' | 'errors' | 'requestedAt' | 'finishedAt'>;

/**
 * For each run that raised something, the next run of the same script in which the same did not come any more, and the edits
 * of the file between the two. Only where the file was changed between them: otherwise it was another one that helped.
 */
export function fixesOf(runs: readonly Tried[]): ReadonlyMap<string, RunFixDto> {
  const inOrder = [...runs].sort((a, b) => a.requestedAt - b.requestedAt);
  const fixes = new Map<string, RunFixDto>();
  for (const [at, run] of inOrder.entries()) {
    const [error] = run.errors;
    if (!error || run.edit === null) continue;
    const later = inOrder.slice(at + 1);
    const next = later.find((other) => other.entry === run.entry && other.finishedAt !== null && !raises(other, error));
    if (next?.edit != null && next.edit > run.edit) fixes.set(run.id, { run: next.id, from: run.edit, to: next.edit });
  }
  return fixes;
}

/** The same, whatever the line, which moves with what is written above it. */
function raises({ errors }: Tried, { exception, message }: Tried['errors'][number]): boolean {
  return errors.some((error) => error.exception === exception && error.message === message);
}
