import { fromJsonBytes, toJsonBytes } from './bytes.js';
import type { EventMetadata } from './metadata.js';
import { currentVersion, upcast, UnreadableEvent, type DomainEvent } from './upcasters.js';

/** The part of a recorded event that is needed to read it: the event store's RecordedEvent fits. */
export interface StoredEvent {
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata?: Uint8Array;
}

/** What is to be appended; the caller adds the id. */
export interface EncodedEvent {
  readonly type: string;
  readonly contentType: 'json' | 'binary';
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** By its bytes: several parts of a program ask for that of one event, and a log keeps once what many events have in common. */
const metadataOf = new WeakMap<Uint8Array, EventMetadata>();

/** The metadata of a recorded event. Throws UnreadableEvent when there is none. */
export function readMetadata(event: StoredEvent): EventMetadata {
  const bytes = event.metadata;
  if (bytes === undefined) throw new UnreadableEvent(event.type, 'it has no metadata.');
  const known = metadataOf.get(bytes);
  if (known) return known;
  const metadata = fromJsonBytes(bytes) as EventMetadata;
  metadataOf.set(bytes, metadata);
  return metadata;
}

/** A recorded JSON event in its current shape. Throws UnreadableEvent. */
export function readEvent(event: StoredEvent): DomainEvent {
  const data = upcast(event.type, readMetadata(event).v, fromJsonBytes(event.data));
  return { type: event.type, data } as DomainEvent;
}

/** A JSON event in its stored form. */
export function encodeEvent(event: DomainEvent, metadata: Omit<EventMetadata, 'v'>): EncodedEvent {
  return {
    type: event.type,
    contentType: 'json',
    data: toJsonBytes(event.data),
    metadata: toJsonBytes({ v: currentVersion(event.type), ...metadata }),
  };
}
