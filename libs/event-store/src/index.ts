/**
 * The event log of Palimpsest: a port (`EventStore`), its faults, and the adapters for Postgres and KurrentDB.
 * SPEC.md numbers the rules that every adapter keeps.
 */
export type {
  AppendRequest,
  AppendResult,
  EventStore,
  Expected,
  Filter,
  ImportedEvent,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamInfo,
  StreamMetadata,
  StreamState,
  SubscribeOptions,
  SubscribeStreamOptions,
  SubscriptionItem,
} from './event-store.js';
export {
  AppendTooLarge,
  EventStoreFault,
  InvalidArgument,
  SchemaMismatch,
  StreamDeleted,
  StreamNotFound,
  Unavailable,
  WrongExpectedVersion,
  type EventStoreFaultCode,
} from './errors.js';
export { createKurrentDbEventStore, type KurrentDbEventStoreOptions } from './kurrentdb/kurrentdb-event-store.js';
export { createPool } from './postgres/create-pool.js';
export { connectToPostgres, openEventStore, type OpenEventStoreOptions } from './open-event-store.js';
export { migratePostgresEventStore, type MigrateOptions } from './postgres/migrate.js';
export {
  createPostgresEventStore,
  type PostgresEventStore,
  type PostgresEventStoreOptions,
} from './postgres/postgres-event-store.js';
