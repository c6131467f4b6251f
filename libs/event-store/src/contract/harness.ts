/** What an adapter brings along to be examined. */
import { test } from '@jest/globals';
import type { EventStore } from '../event-store.js';

/** What a server that is not ours may not let a test have: a log without events, its connections. */
export type Facility = 'emptyLog' | 'cutConnections';

export interface ContractHarness {
  /** Why a facility is missing: `createLog` gives the one log there is, or `cutConnections` does nothing. */
  readonly lacks?: Partial<Record<Facility, string>>;
  /**
   * What a repetition with `any` or `streamExists` is recognised by (see "Where the adapters differ" in SPEC.md).
   * 'everyId': also a new id in front of known ones is refused. Default.
   * 'firstId': the server looks at the first id; if it is new, all are written.
   */
  readonly weakRepetition?: 'everyId' | 'firstId';
  /** A new, empty log, unless `lacks` says otherwise. */
  createLog(): Promise<ContractLog>;
}

export interface ContractLog {
  /** Another store on the log, as another process would have it. `dispose` closes it. */
  open(options?: { readonly maxWaitingEvents?: number }): EventStore;
  /** Ends all connections of all stores at this moment. */
  cutConnections(): Promise<void>;
  dispose(): Promise<void>;
}

/** Declares a case that needs a facility; where it is missing the case is skipped and its title says why. */
export function testNeeding(harness: ContractHarness, facility: Facility) {
  const reason = harness.lacks?.[facility];
  return (title: string, body: () => Promise<void>): void => {
    if (reason === undefined) test(title, body);
    else test.skip(`${title} (skipped: ${reason})`, body);
  };
}
