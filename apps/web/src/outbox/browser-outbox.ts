import { openIndexedDb } from './indexed-db.js';
import { Outbox } from './outbox.js';

/** Of this browser. */
export const browserOutbox = new Outbox(openIndexedDb());
