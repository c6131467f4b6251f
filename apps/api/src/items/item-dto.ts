import { deadlineOf, nextTurn } from '@palimpsest/domain';
import type { ItemDto } from '@palimpsest/protocol';
import type { OpenItem } from '../policies/item-access.js';
import { maySeeContents } from '../policies/policies.js';

export function moment(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}

/** Milliseconds since 1970; null and undefined stay what they are. NaN for what is no moment: the domain refuses it. */
export function timeOf(text: string | null | undefined): number | null | undefined {
  return typeof text === 'string' ? Date.parse(text) : text;
}

/** An item as this person sees it. What they must not read is not named. */
export function itemDto({ item, courseRole, schedule, phase }: OpenItem, isAdmin: boolean, now: number): ItemDto {
  const { id, course, section, kind, title, groups, times, material, copy, groupName } = item;
  const seesContents = isAdmin || maySeeContents(courseRole, phase);
  return {
    ...{ id, course, section, kind, title, groups },
    releaseAt: moment(times.releaseAt),
    startAt: moment(times.startAt),
    endAt: moment(times.endAt),
    dueAt: moment(times.dueAt),
    closesAfterDue: times.closesAfterDue,
    phase,
    deadline: moment(deadlineOf(schedule)),
    turnsAt: moment(nextTurn(schedule, now)),
    material: seesContents ? material : null,
    copy: seesContents ? copy : null,
    group: groupName,
    now: moment(now) ?? '',
  };
}
