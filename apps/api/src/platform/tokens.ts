/** Injection tokens of what is not a class of ours. */
export const EVENT_STORE = Symbol('EventStore');
export const POOL = Symbol('pg.Pool');
export const CONFIGURATION = Symbol('Configuration');
