import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';

/** A read model: which events it needs and what each of them changes. */
export interface Projector {
  /** Name of its checkpoint. */
  readonly name: string;
  /** Raised when the shape of the read model changes: its rows are then built anew. */
  readonly version: number;
  /** Prefixes of the streams that it reads; none: the whole log. */
  readonly streamPrefixes?: readonly string[];
  /** Tables that hold only this read model, in an order in which they may be emptied. */
  readonly tables: readonly string[];
  /** Applies one event inside the transaction that also moves the checkpoint. Must not use any other connection. */
  apply(event: RecordedEvent, transaction: ClientBase): Promise<void>;
}
