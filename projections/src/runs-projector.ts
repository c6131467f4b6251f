import { readEvent } from '@palimpsest/domain';
import type { Projector } from './projector.js';

/** The shape of version 1. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
create table run (
  id           uuid primary key,
  workspace    uuid not null,
  requested_by uuid not null,
  mode         text not null,
  entry        text,
  state        text not null,
  outcome      text,
  requested_at timestamptz not null,
  started_at   timestamptz,
  finished_at  timestamptz
);
create index run_by_workspace on run (workspace, requested_at desc);
create index run_alive on run (requested_at) where state <> 'finished';
`;

/** Runs with their state: what a workspace lists. Output stays in the log and is read from there. */
export const runsProjector: Projector = {
  name: 'runs',
  version: 1,
  streamPrefixes: ['run-'],
  typePrefixes: ['RunRequested', 'RunStarted', 'ReplEntered', 'RunFinished'],
  // Whoever watches a run follows its stream; this is the list.
  gatherMs: 50,
  tables: ['run'],
  ddl: DDL,
  async apply(recorded, tx) {
    const event = readEvent(recorded);
    const id = recorded.stream.slice('run-'.length);
    switch (event.type) {
      case 'RunRequested': {
        const { workspace, by, mode, entry } = event.data;
        await tx.query(
          `insert into run (id, workspace, requested_by, mode, entry, state, requested_at)
           values ($1, $2, $3, $4, $5, 'queued', $6)`,
          [id, workspace, by, mode, entry, recorded.recordedAt],
        );
        return;
      }
      case 'RunStarted':
        await tx.query(`update run set state = 'running', started_at = $2 where id = $1`, [id, recorded.recordedAt]);
        return;
      case 'ReplEntered':
        await tx.query(`update run set state = 'repl' where id = $1`, [id]);
        return;
      case 'RunFinished':
        await tx.query(`update run set state = 'finished', outcome = $2, finished_at = $3 where id = $1`, [
          id,
          event.data.outcome.kind,
          recorded.recordedAt,
        ]);
        return;
      default:
    }
  },
};
