import { describeEventStoreContract } from '../contract/event-store-contract.js';
import { postgresHarness } from './postgres-log.js';

describeEventStoreContract('Postgres', postgresHarness);
