import { describe, expect, it } from '@jest/globals';
import { itemDecider, type ItemEvent, type ItemPublished, type ItemTimes, MAX_GROUP_MEMBERS } from './course-item.js';
import { asId, type CourseId, type ItemId, type UserId, type WorkspaceId } from './identifiers.js';
import { deadlineOf, isLate, lockOf, nextTurn, phaseOf, type Schedule } from './item-phase.js';
import { scenario } from './scenario.js';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ada = asId<UserId>(uuid(1));
const ben = asId<UserId>(uuid(2));
const chloe = asId<UserId>(uuid(3));
const NO_TIMES: ItemTimes = { releaseAt: null, startAt: null, endAt: null, dueAt: null, closesAfterDue: false };
const item: ItemPublished['data'] = {
  ...{ id: asId<ItemId>(uuid(10)), course: asId<CourseId>(uuid(11)), material: asId<WorkspaceId>(uuid(12)) },
  ...{ section: 'Assignments', kind: 'assignment', title: 'Loops', groups: true },
  times: { ...NO_TIMES, releaseAt: 1_000, dueAt: 2_000 },
};
const published: ItemEvent = { type: 'ItemPublished', data: item };
const { given } = scenario(itemDecider);
const publish = (more: Partial<ItemPublished['data']>) => ({ kind: 'publish', item: { ...item, ...more } }) as const;
const times = (more: Partial<ItemTimes>) => ({ ...NO_TIMES, ...more });

describe('an item of a course', () => {
  it('is published once, with a title and a section', () => {
    expect(given().when(publish({ title: ' Loops ' }))).toEqual([published]);
    expect(given(published).refused(publish({}))).toBe('already-exists');
    expect(given().when(publish({ title: 'x'.repeat(120) }))).toHaveLength(1);
    for (const wrong of [{ title: 'x'.repeat(121) }, { title: ' ' }, { section: '' }, { kind: 'quiz' as never }])
      expect(given().refused(publish(wrong))).toBe('invalid-value');
  });

  it.each([
    ['material', times({}), true],
    ['material', times({ dueAt: 5 }), false],
    ['material', times({ startAt: 1, endAt: 2 }), false],
    ['assignment', times({ dueAt: 5 }), true],
    ['assignment', times({ releaseAt: 5, dueAt: 5 }), false],
    ['assignment', times({ closesAfterDue: true }), false],
    ['assignment', times({ dueAt: 5, closesAfterDue: true }), true],
    ['assignment', times({ startAt: 1, endAt: 2 }), false],
    ['test', times({ startAt: 1, endAt: 2 }), true],
    ['test', times({ startAt: 2, endAt: 2 }), false],
    ['test', times({ startAt: 1 }), false],
    ['test', times({ startAt: 1, endAt: 2, dueAt: 2 }), false],
    ['assignment', times({ dueAt: 253_402_300_799_999 }), true],
    ['assignment', times({ dueAt: 253_402_300_800_000 }), false],
    ['assignment', times({ dueAt: 1.5 }), false],
    ['assignment', times({ dueAt: Number.NaN }), false],
  ] as const)('as %s with times %j: %s', (kind, given_, isRight) => {
    const command = publish({ kind, times: given_, groups: false });
    if (isRight) expect(given().when(command)).toHaveLength(1);
    else expect(given().refused(command)).toBe('invalid-value');
  });

  it('changes what is named and keeps the rest', () => {
    const change = { kind: 'change', title: 'More loops', times: { dueAt: 3_000 } } as const;
    const data = { section: 'Assignments', title: 'More loops', times: { ...item.times, dueAt: 3_000 } };
    expect(given(published).when(change)).toEqual([{ type: 'ItemChanged', data }]);
    expect(given(published, { type: 'ItemChanged', data }).when(change)).toEqual([]);
    expect(given(published).when({ kind: 'change', times: { dueAt: undefined } })).toEqual([]);
    expect(given(published).refused({ kind: 'change', times: { dueAt: 1_000 } })).toBe('invalid-value');
    expect(given().refused(change)).toBe('not-found');
  });

  it('is withdrawn once, and then stays as it is', () => {
    const withdrawn: ItemEvent = { type: 'ItemWithdrawn', data: {} };
    expect(given(published).when({ kind: 'withdraw' })).toEqual([withdrawn]);
    expect(given(published, withdrawn).when({ kind: 'withdraw' })).toEqual([]);
    expect(given(published, withdrawn).refused({ kind: 'change', times: {} })).toBe('not-active');
  });

  it('is extended for a student, beyond its due time only', () => {
    const grant = (until: number) => ({ kind: 'grantExtension', student: ada, until }) as const;
    const granted: ItemEvent = { type: 'ExtensionGranted', data: { student: ada, until: 2_001 } };
    expect(given(published).when(grant(2_001))).toEqual([granted]);
    expect(given(published).refused(grant(2_000))).toBe('invalid-value');
    expect(given(published, granted).when(grant(2_001))).toEqual([]);
    expect(given(published, granted).when({ kind: 'withdrawExtension', student: ada })).toHaveLength(1);
    expect(given(published).when({ kind: 'withdrawExtension', student: ada })).toEqual([]);
    const material: ItemEvent = { type: 'ItemPublished', data: { ...item, kind: 'material', times: NO_TIMES } };
    expect(given(material).refused(grant(2_001))).toBe('invalid-value');
  });

  it('has nobody in two groups: who is moved leaves the other in the same step', () => {
    const set = (group: string, ...members: UserId[]) => ({ kind: 'setGroup', group, name: group, members }) as const;
    const red: ItemEvent = { type: 'GroupFormed', data: { group: 'red', name: 'red', members: [ada, ben] } };
    expect(given(published).when(set('red', ada, ben))).toEqual([red]);
    expect(given(published, red).when(set('red', ben, ada))).toEqual([]);
    expect(given(published, red).when(set('blue', ben, chloe))).toEqual([
      { type: 'GroupChanged', data: { group: 'red', name: 'red', members: [ada] } },
      { type: 'GroupFormed', data: { group: 'blue', name: 'blue', members: [ben, chloe] } },
    ]);
    expect(given(published).refused(set('red', ada, ada))).toBe('invalid-value');
    const many = (count: number) => Array.from({ length: count }, (_, n) => asId<UserId>(uuid(100 + n)));
    expect(given(published).when(set('red', ...many(MAX_GROUP_MEMBERS)))).toHaveLength(1);
    expect(given(published).refused(set('red', ...many(MAX_GROUP_MEMBERS + 1)))).toBe('invalid-value');
    const solo: ItemEvent = { type: 'ItemPublished', data: { ...item, groups: false } };
    expect(given(solo).refused(set('red', ada))).toBe('invalid-value');
  });
});

describe('the phase of an item', () => {
  const schedule = (kind: Schedule['kind'], own: ItemTimes, extension: number | null = null): Schedule => ({
    ...{ kind, times: own, extension, withdrawn: false },
  });
  const due = times({ releaseAt: 100, dueAt: 200 });
  const closing = { ...due, closesAfterDue: true };
  const exam = times({ releaseAt: 50, startAt: 100, endAt: 200 });

  it.each([
    ['a draft', schedule('material', NO_TIMES), 1e9, 'draft'],
    ['before the release', schedule('material', times({ releaseAt: 100 })), 99, 'draft'],
    ['at the release', schedule('material', times({ releaseAt: 100 })), 100, 'open'],
    ['at the due time', schedule('assignment', due), 200, 'open'],
    ['after it', schedule('assignment', due), 201, 'late'],
    ['with an extension', schedule('assignment', due, 300), 300, 'open'],
    ['after the extension', schedule('assignment', due, 300), 301, 'late'],
    ['what closes, at the due time', schedule('assignment', closing), 200, 'open'],
    ['what closes, after it', schedule('assignment', closing), 201, 'locked'],
    ['what closes, with an extension', schedule('assignment', closing, 300), 300, 'open'],
    ['an unreleased test', schedule('test', exam), 49, 'draft'],
    ['a test before its start', schedule('test', exam), 99, 'announced'],
    ['at its start', schedule('test', exam), 100, 'open'],
    ['just before its end', schedule('test', exam), 199, 'open'],
    ['at its end', schedule('test', exam), 200, 'locked'],
    ['with an extension, just before', schedule('test', exam, 300), 299, 'open'],
    ['with an extension, at its end', schedule('test', exam, 300), 300, 'locked'],
    ['an extension that is earlier than a later end counts for nothing', schedule('test', exam, 150), 199, 'open'],
    ['withdrawn', { ...schedule('test', exam), withdrawn: true }, 150, 'withdrawn'],
  ] as const)('%s', (_, of, now, phase) => {
    expect(phaseOf(of, now)).toBe(phase);
  });

  it('says when it turns next', () => {
    expect([0, 50, 100, 200].map((now) => nextTurn(schedule('test', exam), now))).toEqual([50, 100, 200, undefined]);
    expect(nextTurn(schedule('test', exam, 300), 250)).toBe(300);
    expect(nextTurn(schedule('assignment', due), 150)).toBeUndefined();
    expect(nextTurn(schedule('assignment', closing), 150)).toBe(201);
    expect(nextTurn({ ...schedule('test', exam), withdrawn: true }, 150)).toBeUndefined();
  });

  it('counts the deadline with the extension', () => {
    expect(deadlineOf(schedule('assignment', due, 300))).toBe(300);
    expect(isLate(schedule('assignment', due, 300), 300)).toBe(false);
    expect(lockOf(schedule('assignment', due))).toBeNull();
    expect(deadlineOf(schedule('material', NO_TIMES))).toBeNull();
  });
});
