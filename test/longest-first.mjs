/**
 * The order of the suites: those that take long begin first, so that at the end no worker has a long one while the others have
 * nothing left. Jest knows how long a suite took only where it has run before, and a fresh clone has not.
 */
import Sequencer from '@jest/test-sequencer';

/**
 * The longest first, those that mostly wait (for locks, for runs) between those that compute. Where one is missing, or is not
 * long any more, some seconds are lost and nothing else.
 */
const LONG = [
  'e2e/offline.e2e.spec.ts',
  'e2e/first-light-kurrentdb.e2e.spec.ts',
  'e2e/first-light.e2e.spec.ts',
  'e2e/manners.e2e.spec.ts',
  'e2e/people.e2e.spec.ts',
  'e2e/one-process-killed.e2e.spec.ts',
  'e2e/files.e2e.spec.ts',
  'e2e/courses.e2e.spec.ts',
  'apps/api/src/runs/adversarial.int.spec.ts',
  'libs/event-store/src/kurrentdb/kurrentdb-event-store.int.spec.ts',
  'apps/api/src/platform/api-fuzz.int.spec.ts',
  'libs/executor/src/executor-process.int.spec.ts',
  'libs/archive/src/archive.int.spec.ts',
  'projections/src/rebuild.int.spec.ts',
  'apps/api/src/runs/run-queue.int.spec.ts',
  'libs/executor/src/sandbox/adversary/adversary.int.spec.ts',
  'projections/src/audit-queries.int.spec.ts',
  'libs/executor/src/sandbox/limits.int.spec.ts',
  'apps/api/src/people/rosters.int.spec.ts',
  'apps/api/src/evidence/evidence.int.spec.ts',
  'libs/executor/src/places.int.spec.ts',
  'apps/api/src/replay/replay-files.int.spec.ts',
  'apps/api/src/write-back/write-back.int.spec.ts',
  'libs/executor/src/executor.int.spec.ts',
  'test/collaboration-fuzz/kill-fuzz.int.spec.ts',
  'apps/api/src/collaboration/limits.int.spec.ts',
  'test/collaboration-fuzz/rooms-fuzz.int.spec.ts',
  'apps/cli/src/commands.int.spec.ts',
  'libs/event-store/src/postgres/postgres-event-store.int.spec.ts',
  'apps/cli/src/evidence-commands.int.spec.ts',
  'apps/api/src/items/work.int.spec.ts',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = LONG.findIndex((suite) => path.endsWith(`/${suite}`));
      return place < 0 ? LONG.length : place;
    };
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}
