/** The contract against the in-process server, and against a real one where EVENTSTORE_URL names it. */
import { describeEventStoreContract } from '../contract/event-store-contract.js';
import { inProcessHarness, realServerHarness } from './kurrentdb-log.js';

describeEventStoreContract('KurrentDB, in process', inProcessHarness);

const url = process.env['EVENTSTORE_URL'];
if (url) describeEventStoreContract('KurrentDB, EVENTSTORE_URL', realServerHarness(url));
