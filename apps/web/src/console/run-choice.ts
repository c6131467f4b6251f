import type { RunDto } from '@palimpsest/protocol/wire';

const isAlive = (run: RunDto) => run.state !== 'finished';

/**
 * Which run the console shows. On opening a workspace: the newest that is alive, else the newest there is. Later: the one that
 * is shown, until somebody starts a newer one. `runs` come newest first; `shown` may be too new to be among them.
 */
export function chooseRun(runs: readonly RunDto[], shown: string | null): string | null {
  const [newest] = runs;
  if (!newest) return shown;
  if (shown === null) return (runs.find(isAlive) ?? newest).id;
  const place = runs.findIndex((run) => run.id === shown);
  if (place <= 0) return shown;
  const newer = runs.slice(0, place);
  return (newer.find(isAlive) ?? newer[0] ?? newest).id;
}
