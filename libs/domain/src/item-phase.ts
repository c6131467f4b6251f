import type { ItemKind, ItemTimes } from './course-item.js';
import { limitOf } from './course-item.js';

/**
 * Where an item stands for one person: `draft`, not released, so unseen; `announced`, a test before its start, of which
 * nothing but its title and times is seen; `open`; `late`, after the due time and still taken; `locked`, to be read only;
 * `withdrawn`, unseen but for what was made of it.
 */
export type ItemPhase = 'draft' | 'announced' | 'open' | 'late' | 'locked' | 'withdrawn';

/** What decides the phase: the item's times and the latest extension of those whose work it is. */
export interface Schedule {
  readonly kind: ItemKind;
  readonly times: ItemTimes;
  readonly withdrawn: boolean;
  /** Milliseconds since 1970; null: none. For a group the latest of any member. */
  readonly extension: number | null;
}

/** The due time or end that holds for those whose work it is; null: there is none. */
export function deadlineOf({ times, extension }: Schedule): number | null {
  const limit = limitOf(times);
  return limit === null ? null : Math.max(limit, extension ?? limit);
}

/** From when on nothing may be changed; null: never. A due time itself is still in time, so what closes does so just after. */
export function lockOf(schedule: Schedule): number | null {
  const deadline = deadlineOf(schedule);
  if (deadline === null) return null;
  if (schedule.kind === 'test') return deadline;
  return schedule.times.closesAfterDue ? deadline + 1 : null;
}

export function phaseOf(schedule: Schedule, now: number): ItemPhase {
  const { kind, times, withdrawn } = schedule;
  if (withdrawn) return 'withdrawn';
  if (times.releaseAt === null || now < times.releaseAt) return 'draft';
  if (kind === 'test' && (times.startAt === null || now < times.startAt)) return 'announced';
  const lock = lockOf(schedule);
  if (lock !== null && now >= lock) return 'locked';
  return isLate(schedule, now) ? 'late' : 'open';
}

/** Whether what is handed in at `now` is late. */
export function isLate(schedule: Schedule, now: number): boolean {
  const deadline = deadlineOf(schedule);
  return deadline !== null && now > deadline;
}

/** The next moment at which the phase changes what somebody may do, if nobody decides otherwise; undefined: none. */
export function nextTurn(schedule: Schedule, now: number): number | undefined {
  const { releaseAt, startAt } = schedule.times;
  const ahead = [releaseAt, startAt, lockOf(schedule)].filter((at): at is number => at !== null && at > now);
  return schedule.withdrawn || ahead.length === 0 ? undefined : Math.min(...ahead);
}
