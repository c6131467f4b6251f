/**
 * Theory of operation. What a course publishes is an *item*: reading material, an assignment, or a test. An item has a
 * stream of its own, not the course's: what a professor decides about one does not wait for another, and sixty people who
 * open one write to streams of their own copies, never to this one. What is published lies in a workspace of the item (kind
 * `material`), so that a professor's drafts and what students read are two things.
 *
 * Times are milliseconds since 1970, by the server's clock; `now` always comes from outside. A moment belongs to what begins
 * with it: at `releaseAt` an item is open, at the end of a test it is locked. Work handed in exactly at the due time is in time.
 */
import { accept, reject, type Decider, type Decision } from './decider.js';
import type { CourseId, ItemId, UserId, WorkspaceId } from './identifiers.js';

/** Material is read; of an assignment or a test everybody, or every group, gets a copy to work in. */
export type ItemKind = 'material' | 'assignment' | 'test';
export const ITEM_KINDS: readonly ItemKind[] = ['material', 'assignment', 'test'];

export interface ItemTimes {
  /** From here on students see it; null: a draft, which only teachers see. */
  readonly releaseAt: number | null;
  /** Of a test: its contents are hidden before. Null for the other kinds. */
  readonly startAt: number | null;
  /** Of a test: everything is locked from here on. Null for the other kinds. */
  readonly endAt: number | null;
  /** Of an assignment: what is handed in later is late; null: never. */
  readonly dueAt: number | null;
  /** Of an assignment with a due time: it is locked after it, instead of late. */
  readonly closesAfterDue: boolean;
}

export interface ItemPublished {
  readonly type: 'ItemPublished';
  readonly data: {
    readonly id: ItemId;
    readonly course: CourseId;
    readonly section: string;
    readonly kind: ItemKind;
    readonly title: string;
    /** Holds what is published. */
    readonly material: WorkspaceId;
    /** One copy for each group, instead of one for each student. */
    readonly groups: boolean;
    readonly times: ItemTimes;
  };
}
/** All of it as it is from here on. */
export interface ItemChanged {
  readonly type: 'ItemChanged';
  readonly data: { readonly section: string; readonly title: string; readonly times: ItemTimes };
}
/** Students do not see it any more; what they made of it stays theirs to read. */
export interface ItemWithdrawn {
  readonly type: 'ItemWithdrawn';
  readonly data: Readonly<Record<string, never>>;
}
/** For this student the due time of an assignment, or the end of a test, is `until` where that is later. */
export interface ExtensionGranted {
  readonly type: 'ExtensionGranted';
  readonly data: { readonly student: UserId; readonly until: number };
}
export interface ExtensionWithdrawn {
  readonly type: 'ExtensionWithdrawn';
  readonly data: { readonly student: UserId };
}
export interface GroupFormed {
  readonly type: 'GroupFormed';
  readonly data: { readonly group: string; readonly name: string; readonly members: readonly UserId[] };
}
/** All of its members from here on. One who was moved here has left another group in the same append. */
export interface GroupChanged {
  readonly type: 'GroupChanged';
  readonly data: { readonly group: string; readonly name: string; readonly members: readonly UserId[] };
}
export type ItemEvent =
  ItemPublished | ItemChanged | ItemWithdrawn | ExtensionGranted | ExtensionWithdrawn | GroupFormed | GroupChanged;

export type ItemCommand =
  | { readonly kind: 'publish'; readonly item: ItemPublished['data'] }
  | {
      readonly kind: 'change';
      readonly section?: string | undefined;
      readonly title?: string | undefined;
      /** Those that change; null takes one away. */
      readonly times: { readonly [Name in keyof ItemTimes]?: ItemTimes[Name] | undefined };
    }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'grantExtension'; readonly student: UserId; readonly until: number }
  | { readonly kind: 'withdrawExtension'; readonly student: UserId }
  | {
      readonly kind: 'setGroup';
      readonly group: string;
      readonly name: string;
      readonly members: readonly UserId[];
    };

export interface Group {
  readonly name: string;
  readonly members: readonly UserId[];
}

export interface ItemState {
  /** Undefined: there is none. */
  readonly item: ItemPublished['data'] | undefined;
  readonly withdrawn: boolean;
  readonly extensions: ReadonlyMap<UserId, number>;
  readonly groups: ReadonlyMap<string, Group>;
}

/** Members of one group, and groups of one item, at most. */
export const MAX_GROUP_MEMBERS = 20;
export const MAX_GROUPS = 500;
const MAX_TITLE = 120;
/** The end of the year 9999: later times have no usual form. */
const LAST_TIME = 253_402_300_799_999;

type ItemDecision = Decision<ItemEvent>;

function nameProblem(what: string, name: string): string | undefined {
  const length = name.trim().length;
  return length === 0 || length > MAX_TITLE ? `${what} has 1 to ${MAX_TITLE} characters.` : undefined;
}

function isTime(value: number | null): boolean {
  return value === null || (Number.isSafeInteger(value) && value >= 0 && value <= LAST_TIME);
}

/** What is wrong with the times of an item of this kind; undefined: nothing. */
export function timesProblem(kind: ItemKind, times: ItemTimes): string | undefined {
  const { releaseAt, startAt, endAt, dueAt, closesAfterDue } = times;
  if (![releaseAt, startAt, endAt, dueAt].every(isTime)) return 'A time is between the years 1970 and 9999.';
  if (kind === 'test') {
    if (startAt === null || endAt === null) return 'A test has a start and an end.';
    if (endAt <= startAt) return 'A test ends after its start.';
    if (dueAt !== null || closesAfterDue) return 'A test has an end instead of a due time.';
    return undefined;
  }
  if (startAt !== null || endAt !== null) return 'Only a test has a start and an end.';
  if (kind === 'material' && (dueAt !== null || closesAfterDue))
    return 'Material is not handed in: it has no due time.';
  if (dueAt === null && closesAfterDue) return 'What closes after its due time needs one.';
  if (dueAt !== null && releaseAt !== null && dueAt <= releaseAt) return 'The due time is after the release.';
  return undefined;
}

function problemOf({ section, title }: { section: string; title: string }, kind: ItemKind, times: ItemTimes) {
  return nameProblem('A section', section) ?? nameProblem('A title', title) ?? timesProblem(kind, times);
}

function publish({ item }: Extract<ItemCommand, { kind: 'publish' }>, state: ItemState): ItemDecision {
  if (state.item) return reject('already-exists', 'This is published already.');
  if (!ITEM_KINDS.includes(item.kind)) return reject('invalid-value', `There is no kind "${String(item.kind)}".`);
  if (item.kind === 'material' && item.groups) return reject('invalid-value', 'Material is read: it has no groups.');
  const problem = problemOf(item, item.kind, item.times);
  if (problem !== undefined) return reject('invalid-value', problem);
  return accept({
    type: 'ItemPublished',
    data: { ...item, section: item.section.trim(), title: item.title.trim(), times: exactly(item.times) },
  });
}

function exactly({ releaseAt, startAt, endAt, dueAt, closesAfterDue }: ItemTimes): ItemTimes {
  return { releaseAt, startAt, endAt, dueAt, closesAfterDue };
}

type Published = ItemPublished['data'];

function change(command: Extract<ItemCommand, { kind: 'change' }>, item: Published): ItemDecision {
  const given = Object.entries(command.times).filter(([, value]) => value !== undefined);
  const times = exactly({ ...item.times, ...(Object.fromEntries(given) as Partial<ItemTimes>) });
  const section = (command.section ?? item.section).trim();
  const title = (command.title ?? item.title).trim();
  const problem = problemOf({ section, title }, item.kind, times);
  if (problem !== undefined) return reject('invalid-value', problem);
  const isSame =
    section === item.section &&
    title === item.title &&
    (Object.keys(times) as (keyof ItemTimes)[]).every((name) => times[name] === item.times[name]);
  return isSame ? accept() : accept({ type: 'ItemChanged', data: { section, title, times } });
}

/** Until when work counts as in time, or may be done, without an extension; null: for ever. */
export function limitOf({ dueAt, endAt }: ItemTimes): number | null {
  return endAt ?? dueAt;
}

function grant(
  { student, until }: { student: UserId; until: number },
  state: ItemState,
  item: Published,
): ItemDecision {
  const limit = limitOf(item.times);
  if (limit === null) return reject('invalid-value', 'This has no due time or end, so there is nothing to extend.');
  if (!isTime(until) || until <= limit)
    return reject('invalid-value', 'An extension ends after the time that it extends.');
  if (state.extensions.get(student) === until) return accept();
  return accept({ type: 'ExtensionGranted', data: { student, until } });
}

type SetGroup = Extract<ItemCommand, { kind: 'setGroup' }>;

/** Forms or changes a group. Nobody is in two: who is named here leaves the other. */
function setGroup({ group, name, members }: SetGroup, state: ItemState, item: Published): ItemDecision {
  if (!item.groups) return reject('invalid-value', 'This is worked on alone: it has no groups.');
  const problem = nameProblem('The name of a group', name);
  if (problem !== undefined) return reject('invalid-value', problem);
  if (new Set(members).size !== members.length) return reject('invalid-value', 'Somebody is named twice.');
  if (members.length > MAX_GROUP_MEMBERS)
    return reject('invalid-value', `A group has at most ${MAX_GROUP_MEMBERS} members.`);
  const known = state.groups.get(group);
  if (!known && state.groups.size >= MAX_GROUPS)
    return reject('too-large', `There are at most ${MAX_GROUPS} groups: use one that is empty.`);
  const left = [...state.groups]
    .filter(([other, { members: there }]) => other !== group && there.some((one) => members.includes(one)))
    .map(([other, { name: otherName, members: there }]): GroupChanged => {
      const stay = there.filter((one) => !members.includes(one));
      return { type: 'GroupChanged', data: { group: other, name: otherName, members: stay } };
    });
  const data = { group, name: name.trim(), members: [...members] };
  if (!known) return accept<ItemEvent>(...left, { type: 'GroupFormed', data });
  const isSame =
    known.name === data.name &&
    known.members.length === members.length &&
    known.members.every((one) => members.includes(one));
  return isSame ? accept() : accept<ItemEvent>(...left, { type: 'GroupChanged', data });
}

function decide(command: ItemCommand, state: ItemState): ItemDecision {
  if (command.kind === 'publish') return publish(command, state);
  const { item } = state;
  if (!item) return reject('not-found', 'There is no such item.');
  if (command.kind === 'withdraw') return state.withdrawn ? accept() : accept({ type: 'ItemWithdrawn', data: {} });
  if (state.withdrawn) return reject('not-active', 'This has been withdrawn: publish it again.');
  switch (command.kind) {
    case 'change':
      return change(command, item);
    case 'grantExtension':
      return grant(command, state, item);
    case 'withdrawExtension':
      if (!state.extensions.has(command.student)) return accept();
      return accept({ type: 'ExtensionWithdrawn', data: { student: command.student } });
    case 'setGroup':
      return setGroup(command, state, item);
  }
}

function evolve(state: ItemState, event: ItemEvent): ItemState {
  switch (event.type) {
    case 'ItemPublished':
      return { ...state, item: event.data };
    case 'ItemChanged':
      return { ...state, item: state.item && { ...state.item, ...event.data } };
    case 'ItemWithdrawn':
      return { ...state, withdrawn: true };
    case 'ExtensionGranted':
      return { ...state, extensions: new Map(state.extensions).set(event.data.student, event.data.until) };
    case 'ExtensionWithdrawn':
      return { ...state, extensions: new Map([...state.extensions].filter(([who]) => who !== event.data.student)) };
    case 'GroupFormed':
    case 'GroupChanged': {
      const { group, name, members } = event.data;
      return { ...state, groups: new Map(state.groups).set(group, { name, members }) };
    }
  }
}

/** Stream `item-<id>`: one thing that a course has published, with its times, extensions and groups. */
export const itemDecider: Decider<ItemState, ItemCommand, ItemEvent> = {
  initial: { item: undefined, withdrawn: false, extensions: new Map(), groups: new Map() },
  evolve,
  decide,
};
