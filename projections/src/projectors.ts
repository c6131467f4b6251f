import { activityProjector } from './activity/activity-projector.js';
import { auditProjector } from './audit-projector.js';
import { directoryProjector } from './directory-projector.js';
import { metricsProjector } from './metrics-projector.js';
import type { Projector } from './projector.js';
import { RebuildRefused } from './rebuild.js';
import { runsProjector } from './runs-projector.js';

/** The read models of this program. */
export const PROJECTORS: readonly Projector[] = [
  ...[directoryProjector, runsProjector, auditProjector, metricsProjector],
  activityProjector,
];

export type ReadModelName = 'directory' | 'runs' | 'audit' | 'metrics' | 'activity';

/** What the reactor that queues runs reads; what it does with it is the api's. */
export const RUN_QUEUE_REACTOR = {
  ...{ name: 'run-queue', version: 2, streamPrefixes: ['run-', 'executor-'] },
  typePrefixes: ['RunRequested', 'RunStarted', 'ReplEntered', 'RunFinished', 'Executor', 'Intake'],
  // Most runs are hastened, so nobody waits for it; when a class presses Run it has a few transactions to do, not hundreds.
  gatherMs: 25,
} as const;

/** What the reactor reads that brings what a run's program wrote into the workspace; what it does with it is the api's. */
export const WRITE_BACK_REACTOR = {
  ...{ name: 'write-back', version: 1, streamPrefixes: ['run-'] },
  typePrefixes: ['FilesCollected'],
} as const;

/** What the reactor reads that makes every event a leaf of the Merkle tree; its tables are those of libs/evidence. */
export const EVIDENCE_REACTOR = {
  ...{ name: 'evidence', version: 1 },
  // Nobody waits for a leaf but who has handed in, and that person waits for a signature anyway.
  gatherMs: 200,
} as const;

/** The reactors of this program: they keep a checkpoint and no tables. */
export const REACTORS: readonly Pick<Projector, 'name' | 'version' | 'streamPrefixes' | 'typePrefixes'>[] = [
  RUN_QUEUE_REACTOR,
  WRITE_BACK_REACTOR,
  EVIDENCE_REACTOR,
];

/** The read model of this name. Throws RebuildRefused for a reactor, and for a name that there is not, with those that are. */
export function projectorNamed(name: string): Projector {
  const projector = PROJECTORS.find((known) => known.name === name);
  if (projector) return projector;
  if (REACTORS.some((known) => known.name === name)) throw RebuildRefused.ofReactor(name);
  const names = PROJECTORS.map((known) => known.name).join(', ');
  throw new RebuildRefused(`There is no read model "${name}". There are: ${names}.`);
}
