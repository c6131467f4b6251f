/** The rules of SPEC.md as cases. Every adapter runs all of them; a title cites the rules that it shows. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { EventStore } from '../event-store.js';
import { appendCases } from './append-cases.js';
import type { ContractHarness, ContractLog } from './harness.js';
import { importCases } from './import-cases.js';
import { idempotencyCases } from './idempotency-cases.js';
import { lifecycleCases } from './lifecycle-cases.js';
import { orderCases } from './order-cases.js';
import { payloadCases } from './payload-cases.js';
import { readCases } from './read-cases.js';
import { subscribeCases } from './subscribe-cases.js';

/** The cases of an area share one log: each has streams of its own and looks only behind a position of its own. */
export function describeEventStoreContract(name: string, harness: ContractHarness): void {
  area(`${name}: append`, harness, appendCases);
  area(`${name}: idempotency`, harness, (store, log) => idempotencyCases(harness, store, log));
  area(`${name}: payload`, harness, payloadCases);
  area(`${name}: read`, harness, readCases);
  area(`${name}: subscribe`, harness, (store, log) => subscribeCases(harness, store, log));
  area(`${name}: delete and metadata`, harness, lifecycleCases);
  area(`${name}: import`, harness, importCases);
  describe(`${name}: order of the whole log`, () => orderCases(harness));
}

function area(
  title: string,
  harness: ContractHarness,
  cases: (store: () => EventStore, log: () => ContractLog) => void,
): void {
  describe(title, () => {
    let log: ContractLog;
    let store: EventStore;
    beforeAll(async () => {
      log = await harness.createLog();
      store = log.open();
    });
    afterAll(() => log.dispose());
    cases(
      () => store,
      () => log,
    );
  });
}
