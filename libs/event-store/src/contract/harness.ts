/** What an adapter brings along to be examined. */
import type { EventStore } from '../event-store.js';

export interface ContractHarness {
  /** A new, empty log. */
  createLog(): Promise<ContractLog>;
}

export interface ContractLog {
  /** Another store on the log, as another process would have it. `dispose` closes it. */
  open(options?: { readonly maxWaitingEvents?: number }): EventStore;
  /** Ends all connections of all stores at this moment. */
  cutConnections(): Promise<void>;
  dispose(): Promise<void>;
}
