import { describe, expect, it } from '@jest/globals';
import type { CourseRole, Role, UserId, UserState } from '@palimpsest/domain';
import { readRoster } from './roster-file.js';
import { countChanges, planRoster, type RosterFacts } from './roster-plan.js';

const id = (username: string) => `id-${username}` as UserId;

/** A course with Hopper as its professor and ada, ben as students; chloe has an account; gone has a deactivated one. */
function facts(role: Role = 'professor', more: Partial<RosterFacts> = {}): RosterFacts {
  const active = (displayName: string, as: Role = 'student'): UserState => ({ kind: 'active', role: as, displayName });
  return {
    accounts: new Map<UserId, UserState>([
      [id('hopper'), active('Grace Hopper', 'professor')],
      [id('ada'), active('Ada')],
      [id('ben'), active('Ben')],
      [id('chloe'), active('Chloé')],
      [id('gone'), { kind: 'deactivated', role: 'student', displayName: 'Gone' }],
    ]),
    members: new Map<UserId, CourseRole>([
      [id('hopper'), 'professor'],
      [id('ada'), 'student'],
      [id('ben'), 'student'],
    ]),
    usernames: new Map([[id('ben'), 'ben']]),
    emailOf: new Map([[id('ada'), 'ada@school.example']]),
    ownerOfEmail: new Map([['ada@school.example', id('ada')]]),
    idOf: id,
    elsewhere: new Set(),
    importer: { id: id('hopper'), role },
    ...more,
  };
}

const plan = (text: string, { role, removeMissing = false }: { role?: Role; removeMissing?: boolean } = {}) =>
  planRoster(readRoster(text).lines, facts(role), removeMissing);
const changes = (text: string, options = {}) =>
  plan(text, options).rows.map(({ line, username, change, detail }) => [line, username, change, detail]);

describe('what a roster means for a course', () => {
  it('new accounts, accounts that come in, members that stay', () => {
    const text = 'username,name\nnew,New One\nchloe,Chloé\nada,Ada\n';
    expect(changes(text)).toEqual([
      [2, 'new', 'new-account', ''],
      [3, 'chloe', 'enrolled', ''],
      [4, 'ada', 'unchanged', ''],
    ]);
    expect(plan(text).steps).toEqual([
      { user: id('new'), register: { username: 'new', displayName: 'New One', role: 'student' }, enrol: 'student' },
      { user: id('chloe'), enrol: 'student' },
    ]);
    expect(countChanges(plan(text).rows)).toMatchObject({ 'new-account': 1, enrolled: 1, unchanged: 1, error: 0 });
  });

  it('another role in the course', () => {
    expect(changes('username,role\nada,TA\n')).toEqual([[2, 'ada', 'changed', 'role student becomes assistant']]);
    expect(plan('username\nada\n').steps).toEqual([]); // without a word on roles everybody keeps theirs
  });

  it('names and addresses of accounts that are there: by administrators alone', () => {
    const text = 'username,name,email\nada,Ada King,ak@school.example\n';
    expect(changes(text)).toEqual([[2, 'ada', 'unchanged', 'the account is called "Ada" and stays so']]);
    expect(plan(text).steps).toEqual([]);
    expect(plan(text, { role: 'admin' }).steps).toEqual([
      { user: id('ada'), rename: 'Ada King', email: 'ak@school.example' },
    ]);
  });

  it('accounts of professors and auditors: by administrators alone', () => {
    const text = 'username,role\nnew,professor\nother,auditor\n';
    expect(changes(text).map(([, , change]) => change)).toEqual(['error', 'error']);
    expect(changes(text, { role: 'admin' }).map(([, , change]) => change)).toEqual(['new-account', 'new-account']);
  });

  it('an error for each row that cannot be done, with its line; the others go on', () => {
    const text =
      'username,name,email,role\nADA,Ada,,\nada,Ada,,\n9x,Nine,,\ngone,Gone,,\nhopper,,,student\nnew,N,ada@school.example,\nlong,' +
      `${'x'.repeat(81)},,\nok,Fine,same@x,\nok2,Fine,same@x,\n`;
    expect(changes(text).map(([line, , change, detail]) => [line, change, String(detail).slice(0, 24)])).toEqual([
      [2, 'unchanged', ''],
      [3, 'error', '"ada" is in line 2 alrea'],
      [4, 'error', '"9x" is no user name: 2 '],
      [5, 'error', 'This account is deactiva'],
      [6, 'error', 'A roster does not change'],
      [7, 'error', 'The e-mail address ada@s'],
      [8, 'error', 'The name has 81 characte'],
      [9, 'new-account', ''],
      [10, 'error', 'The e-mail address same@'],
    ]);
  });

  it('removes who is missing only when asked, only students and assistants, and nobody while a row has an error', () => {
    expect(plan('username\nada\n').rows).toHaveLength(1);
    const { rows, steps } = plan('username\nada\n', { removeMissing: true });
    expect(rows.at(-1)).toMatchObject({ line: null, username: 'ben', displayName: 'Ben', change: 'removed' });
    expect(steps).toEqual([{ user: id('ben'), remove: true }]);
    const withError = plan('username\nada\n9x\n', { removeMissing: true });
    expect(withError.steps).toEqual([]);
    expect(withError.rows.at(-1)).toMatchObject({ change: 'unchanged', detail: expect.stringContaining('nobody is') });
  });

  it('an administrator’s deactivates whoever leaves the last course, and nobody else', () => {
    const missing = (more: Partial<RosterFacts>) =>
      planRoster(readRoster('username\nada\n').lines, facts('admin', more), true);
    const leaves = missing({});
    expect(leaves.rows.at(-1)).toMatchObject({ change: 'removed', detail: expect.stringContaining('is deactivated') });
    expect(leaves.steps).toEqual([{ user: id('ben'), remove: true, deactivate: true }]);
    expect(missing({ elsewhere: new Set([id('ben')]) }).steps).toEqual([{ user: id('ben'), remove: true }]);
    const students = facts().accounts;
    for (const state of [
      { kind: 'active', role: 'admin', displayName: 'Ben' },
      { kind: 'deactivated', role: 'student', displayName: 'Ben' },
    ] satisfies UserState[])
      expect(missing({ accounts: new Map(students).set(id('ben'), state) }).steps).toEqual([
        { user: id('ben'), remove: true },
      ]);
  });

  it('an administrator’s makes a deactivated account active again', () => {
    const text = 'username\ngone\n';
    expect(changes(text)).toMatchObject([[2, 'gone', 'error', expect.stringContaining('deactivated')]]);
    expect(changes(text, { role: 'admin' })).toEqual([[2, 'gone', 'enrolled', 'the account becomes active again']]);
    expect(plan(text, { role: 'admin' }).steps).toEqual([{ user: id('gone'), reactivate: true, enrol: 'student' }]);
  });
});
