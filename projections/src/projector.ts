import type { Filter, RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';

/**
 * A read model: which events it needs, the shape of its tables, and what each event changes in them. With no tables it is a
 * reactor: what it does lies outside this schema (a job in a queue), so it is never built anew.
 */
export interface Projector {
  /** Name of its checkpoint. */
  readonly name: string;
  /** Raised when the rows or their shape change: the read model is then built anew beside the old one. From 1. */
  readonly version: number;
  /** Prefixes of the streams that it reads; none: the whole log. */
  readonly streamPrefixes?: readonly string[];
  /** Prefixes of the types of events that it reads; none: all. */
  readonly typePrefixes?: readonly string[];
  /** Tables that hold only this read model, by name alone. Empty for a reactor. */
  readonly tables: readonly string[];
  /**
   * Statements that make exactly `tables` and their indexes, by name alone: which schema they lie in is set from outside, so
   * that the next version can be built beside this one. Tables with their indexes, constraints and identity columns only.
   */
  readonly ddl: string;
  /**
   * Statements for the indexes on `tables` that applying events needs not, each with `if not exists`. A rebuild makes them when
   * it has applied the log: sorting at once costs a fraction of an insertion for each row. Default none.
   */
  readonly indexDdl?: string;
  /**
   * Applies one event inside the transaction that also moves the checkpoint. Must not use any other connection, and names
   * its tables without a schema.
   */
  apply(event: RecordedEvent, transaction: ClientBase): Promise<void>;
  /**
   * The same for several events in their order, where that costs less than one after the other. What it throws says nothing
   * about which event is to blame: its work is undone and `apply` is asked for each of them.
   */
  applyAll?(events: readonly RecordedEvent[], transaction: ClientBase): Promise<void>;
  /**
   * Milliseconds for which live events may be held back, so that more of them share a transaction. For a list that nobody
   * watches live. Default 0: what has arrived meanwhile is the next batch.
   */
  readonly gatherMs?: number;
}

export function isReactor(projector: Projector): boolean {
  return projector.tables.length === 0;
}

/** The part of a subscription or a reading of the whole log that says which events this projector needs. */
export function filterOf({ streamPrefixes, typePrefixes }: Pick<Projector, 'streamPrefixes' | 'typePrefixes'>): {
  filter?: Filter;
} {
  if (!streamPrefixes && !typePrefixes) return {};
  return { filter: { ...(streamPrefixes && { streamPrefixes }), ...(typePrefixes && { typePrefixes }) } };
}
