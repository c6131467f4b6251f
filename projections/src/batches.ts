import type { Position, RecordedEvent, SubscriptionItem } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { ProjectionStopped } from './faults.js';
import type { Projector } from './projector.js';

/** Events in one transaction at most: bounds its memory and how long the checkpoint's row stays locked. */
export const MAX_BATCH = 500;
/** Batches waiting in memory at most; more are left in the subscription, which is bounded itself. */
const MAX_WAITING_BATCHES = 4;

/**
 * Groups what has arrived while the consumer was busy, up to `most` items. Stops reading ahead at four times as many, and when
 * it is returned. With `idleMs` an empty batch follows when nothing has arrived for so long, once after each batch.
 */
export async function* batches(
  source: AsyncIterable<SubscriptionItem>,
  { idleMs, most = MAX_BATCH }: { readonly idleMs?: number; readonly most?: number } = {},
): AsyncGenerator<SubscriptionItem[]> {
  const waiting: SubscriptionItem[] = [];
  let ended = false;
  let left = false;
  let failure: unknown;
  let wake = () => {};
  let drained = () => {};
  const pump = (async () => {
    for await (const item of source) {
      if (left) return;
      waiting.push(item);
      wake();
      if (waiting.length >= MAX_WAITING_BATCHES * most) await new Promise<void>((resolve) => (drained = resolve));
    }
  })()
    .catch((error: unknown) => (failure = error))
    .finally(() => {
      ended = true;
      wake();
    });
  let idle: NodeJS.Timeout | undefined;
  try {
    for (let tellIdle = false; !ended || waiting.length > 0;) {
      if (waiting.length === 0) {
        if (tellIdle) idle = setTimeout(() => wake(), idleMs);
        await new Promise<void>((resolve) => (wake = resolve));
        clearTimeout(idle);
        await new Promise(setImmediate); // a page comes item by item: all of it belongs to this batch
      }
      const batch = waiting.splice(0, most);
      drained();
      if (batch.length > 0 || (tellIdle && !ended)) yield batch;
      tellIdle = batch.length > 0 && idleMs !== undefined;
    }
    await pump;
  } finally {
    clearTimeout(idle);
    left = true;
    drained();
  }
  if (failure !== undefined) throw failure as Error;
}

/** Up to where a batch reads the log; undefined if it holds no place in it. */
export function lastPosition(items: readonly SubscriptionItem[]): Position | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item?.kind === 'event') return item.event.position;
    if (item?.kind === 'checkpoint') return item.position;
  }
  return undefined;
}

/**
 * Commits a batch by `commit`, or what precedes the event in it that cannot be applied: a projection that has stopped holds
 * everything up to there. Throws what `commit` throws.
 */
export async function commitUpToPoison(
  items: readonly SubscriptionItem[],
  commit: (items: readonly SubscriptionItem[]) => Promise<void>,
): Promise<void> {
  try {
    await commit(items);
  } catch (error) {
    if (!(error instanceof ProjectionStopped)) throw error;
    const poison = items.findIndex((item) => item.kind === 'event' && item.event.position === error.position);
    if (poison > 0) await commit(items.slice(0, poison));
    throw error;
  }
}

export interface Application {
  readonly projector: Projector;
  readonly transaction: ClientBase;
  /** Positions on the skip list: their events are passed over. */
  readonly skipped: readonly Position[];
  readonly work: 'live' | 'rebuild';
}

/** Applies the events in order. Throws ProjectionStopped at one that cannot be; trouble of the connection as it came. */
export async function applyEvents(events: readonly RecordedEvent[], application: Application): Promise<void> {
  const { projector, transaction, skipped, work } = application;
  const wanted = events.filter(({ position }) => !skipped.includes(position));
  if (await appliedTogether(wanted, projector, transaction)) return;
  for (const event of wanted) {
    try {
      await projector.apply(event, transaction);
    } catch (error) {
      if (isPassing(error)) throw error;
      throw new ProjectionStopped(projector.name, event, error, work);
    }
  }
}

/** False where the projector cannot, or one of the events cannot be applied: nothing has changed then. */
async function appliedTogether(
  events: readonly RecordedEvent[],
  projector: Projector,
  transaction: ClientBase,
): Promise<boolean> {
  if (!projector.applyAll || events.length < 2) return false;
  await transaction.query('savepoint together');
  try {
    await projector.applyAll(events, transaction);
  } catch (error) {
    if (isPassing(error)) throw error;
    await transaction.query('rollback to savepoint together');
    return false;
  }
  return true;
}

export function eventsOf(items: readonly SubscriptionItem[]): RecordedEvent[] {
  return items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
}

/**
 * SQLSTATE classes 08, 57P, 40 and 53 (connection, shutdown, serialisation, resources), a lock not got in time, and node's
 * own socket errors: worth another try.
 */
export function isPassing(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return /connection terminated|not queryable/i.test(String(error));
  return /^(08|57P|40|53|55P03)/.test(code) || /^E[A-Z]+$/.test(code);
}

/** Resolves after `ms` milliseconds, or at the abort. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
