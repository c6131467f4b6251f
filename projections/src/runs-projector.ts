import { readEvent } from '@palimpsest/domain';
import type { Projector } from './projector.js';

/** Runs with their state: what a workspace lists. Output stays in the log and is read from there. */
export const runsProjector: Projector = {
  name: 'runs',
  version: 1,
  streamPrefixes: ['run-'],
  tables: ['read.run'],
  async apply(recorded, tx) {
    if (recorded.type === 'OutputEmitted' || recorded.type === 'InputProvided') return;
    const event = readEvent(recorded);
    const id = recorded.stream.slice('run-'.length);
    switch (event.type) {
      case 'RunRequested': {
        const { workspace, by, mode, entry } = event.data;
        await tx.query(
          `insert into read.run (id, workspace, requested_by, mode, entry, state, requested_at)
           values ($1, $2, $3, $4, $5, 'queued', $6)`,
          [id, workspace, by, mode, entry, recorded.recordedAt],
        );
        return;
      }
      case 'RunStarted':
        await tx.query(`update read.run set state = 'running', started_at = $2 where id = $1`, [
          id,
          recorded.recordedAt,
        ]);
        return;
      case 'ReplEntered':
        await tx.query(`update read.run set state = 'repl' where id = $1`, [id]);
        return;
      case 'RunFinished':
        await tx.query(`update read.run set state = 'finished', outcome = $2, finished_at = $3 where id = $1`, [
          id,
          event.data.outcome.kind,
          recorded.recordedAt,
        ]);
        return;
      default:
    }
  },
};
