import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ItemPhase, Role } from '@palimpsest/domain';
import { ACTIONS, type Facts, may } from './permission-table.js';
import { permissionsDocument } from './permissions-document.js';

const ROLES: readonly Role[] = ['student', 'assistant', 'professor', 'auditor', 'admin'];
const COURSE_ROLES = ['student', 'assistant', 'professor', 'auditor', undefined] as const;
const FILES = ['text', 'binary', 'deleted'] as const;

/**
 * What is right, written down apart from the rules: in a kind of workspace, for an owner or not, by the role in its course.
 * w: sees and writes, r: sees only, -: nothing. In the order student, assistant, professor, auditor, stranger.
 */
const RIGHT = {
  'course owner': 'wwwr-',
  'course other': 'wwwr-',
  'personal owner': 'wwww-',
  'personal other': '-rrr-',
  'material owner': 'rwwr-',
  'material other': 'rwwr-',
} as const;

/** The same for what a course publishes, by where it stands: in the order student, assistant, professor, auditor, stranger. */
const PUBLISHED = {
  'material draft': '-wwr-',
  'material announced': '-wwr-',
  'material open': 'rwwr-',
  'material late': 'rwwr-',
  'material locked': 'rwwr-',
  'material withdrawn': '-wwr-',
  'copy held draft': '-rrr-',
  'copy held announced': '-rrr-',
  'copy held open': 'wrrr-',
  'copy held late': 'wrrr-',
  'copy held locked': 'rrrr-',
  'copy held withdrawn': 'rrrr-',
  'copy other draft': '-rrr-',
  'copy other announced': '-rrr-',
  'copy other open': '-rrr-',
  'copy other late': '-rrr-',
  'copy other locked': '-rrr-',
  'copy other withdrawn': '-rrr-',
} as const;

const PHASES: readonly ItemPhase[] = ['draft', 'announced', 'open', 'late', 'locked', 'withdrawn'];

const SEES = new Set(['workspace.see', 'workspace.history']);

/** Every action on a workspace × role × role in the course × owner or not × kind × state of the file. */
function* cells() {
  for (const action of ['workspace.see', 'workspace.history', 'workspace.edit', 'workspace.run', 'file.type'] as const)
    for (const role of ROLES)
      for (const [column, courseRole] of COURSE_ROLES.entries())
        for (const [row, letters] of Object.entries(RIGHT))
          for (const file of FILES) {
            const [kind, relation] = row.split(' ') as ['course' | 'personal' | 'material', string];
            // Administrators look, wherever they belong, and write nowhere.
            const right = role === 'admin' ? 'r' : letters[column];
            const expected = SEES.has(action)
              ? right !== '-'
              : right === 'w' && (action !== 'file.type' || file === 'text');
            const facts: Facts = {
              courseRole,
              workspace: { kind, owner: relation === 'owner' ? 'me' : 'other' },
              file,
            };
            yield { action, role, facts, expected, name: `${action} ${role} ${courseRole} ${row} ${file}` };
          }
}

describe('the table of permissions', () => {
  it('says what is right in every cell about a workspace', () => {
    const all = [...cells()];
    expect(all.length).toBe(5 * 5 * 5 * 6 * 3);
    const wrong = all.filter(
      ({ action, role, facts, expected }) => may({ id: 'me', role }, action, facts) !== expected,
    );
    expect(wrong.map(({ name, expected }) => `${name}: should be ${expected}`)).toEqual([]);
  });

  it('says what is right in every cell about what a course publishes, by the clock and by whose work it is', () => {
    const wrong: string[] = [];
    for (const action of [
      'workspace.see',
      'workspace.history',
      'workspace.edit',
      'workspace.run',
      'work.handIn',
    ] as const)
      for (const role of ROLES)
        for (const [column, courseRole] of COURSE_ROLES.entries())
          for (const [row, letters] of Object.entries(PUBLISHED)) {
            const kind = row.startsWith('copy') ? 'copy' : 'material';
            const phase = row.split(' ').at(-1) as ItemPhase;
            const workspace = { kind, owner: 'other', item: { phase, holds: row.includes('held') } } as const;
            const right = role === 'admin' ? 'r' : letters[column];
            const isRight = SEES.has(action) ? right !== '-' : right === 'w';
            const expected = isRight && (action !== 'work.handIn' || kind === 'copy');
            if (may({ id: 'me', role }, action, { courseRole, workspace }) !== expected)
              wrong.push(`${action} ${role} ${courseRole} ${row}: should be ${expected}`);
          }
    expect(wrong).toEqual([]);
  });

  it('gives nothing of a copy whose item is not known, not even to the one who opened it', () => {
    const facts: Facts = { courseRole: 'student', workspace: { kind: 'copy', owner: 'me' }, file: 'text' };
    for (const action of ['workspace.see', 'workspace.edit', 'workspace.run', 'file.type', 'work.handIn'])
      expect(may({ id: 'me', role: 'student' }, action, facts)).toBe(false);
  });

  it('says who sees, takes and decides about what a course publishes', () => {
    const who = (action: string, kind: 'material' | 'test', phase: ItemPhase) =>
      COURSE_ROLES.filter((courseRole) =>
        may({ id: 'me', role: 'student' }, action, { courseRole, item: { kind, phase } }),
      );
    const seeing = PHASES.map((phase) => who('item.see', 'test', phase).includes('student'));
    expect(seeing).toEqual([false, true, true, true, true, false]);
    const taking = PHASES.map((phase) => who('item.copy', 'test', phase));
    expect(taking).toEqual([[], [], ['student'], ['student'], [], []]);
    const reading = PHASES.map((phase) => who('item.copy', 'material', phase).includes('student'));
    expect(reading).toEqual([false, false, true, true, true, false]);
    for (const phase of PHASES) {
      expect(who('item.manage', 'test', phase)).toEqual(['assistant', 'professor']);
      expect(who('item.overview', 'test', phase)).toEqual(COURSE_ROLES.filter((one) => one && one !== 'student'));
    }
    for (const action of ['item.manage', 'item.copy'])
      for (const courseRole of COURSE_ROLES)
        expect(may({ id: 'me', role: 'admin' }, action, { courseRole, item: { kind: 'test', phase: 'open' } })).toBe(
          false,
        );
  });

  it('says what is right about courses and the installation', () => {
    const who = (action: string) =>
      ROLES.flatMap((role) =>
        COURSE_ROLES.filter((courseRole) => may({ id: 'me', role }, action, { courseRole })).map(
          (courseRole) => `${role}/${courseRole ?? '-'}`,
        ),
      );
    const everywhere = (role: Role) => COURSE_ROLES.map((courseRole) => `${role}/${courseRole ?? '-'}`);
    expect(who('audit.read')).toEqual([...everywhere('auditor'), ...everywhere('admin')]);
    expect(who('system.see')).toEqual([...everywhere('auditor'), ...everywhere('admin')]);
    expect(who('evidence.prove')).toEqual([...everywhere('auditor'), ...everywhere('admin')]);
    expect(who('evidence.see')).toEqual(ROLES.flatMap(everywhere));
    expect(who('course.roster')).toEqual(
      ROLES.flatMap((role) => [`${role}/assistant`, `${role}/professor`, `${role}/auditor`]),
    );
    expect(who('person.activity')).toEqual(
      ROLES.flatMap((role) =>
        role === 'admin' ? everywhere(role) : [`${role}/assistant`, `${role}/professor`, `${role}/auditor`],
      ),
    );
    expect(who('accounts.administer')).toEqual(everywhere('admin'));
    expect(who('export.course')).toEqual([
      ...ROLES.filter((role) => role !== 'admin').flatMap((role) => [`${role}/professor`, `${role}/auditor`]),
      ...everywhere('admin'),
    ]);
    expect(who('export.identified')).toEqual([
      ...ROLES.filter((role) => role !== 'admin').map((role) => `${role}/auditor`),
      ...everywhere('admin'),
    ]);
    const overseers = ROLES.flatMap((role) =>
      role === 'admin' ? everywhere(role) : [`${role}/assistant`, `${role}/professor`, `${role}/auditor`],
    );
    expect(who('metrics.class')).toEqual(overseers);
    expect(who('metrics.person')).toEqual(overseers);
    for (const courseRole of COURSE_ROLES) {
      const ownFigures = may({ id: 'me', role: 'student' }, 'metrics.person', { courseRole, person: 'me' });
      expect(ownFigures).toBe(courseRole !== undefined);
    }
    for (const action of ['course.modules', 'course.people'])
      expect(who(action)).toEqual([
        ...['student/professor', 'assistant/professor', 'professor/professor', 'auditor/professor'],
        ...everywhere('admin'),
      ]);
  });

  it('gives everything about a person to that person, and to administrators', () => {
    const who = (person?: string) =>
      ROLES.filter((role) =>
        may({ id: 'me', role }, 'export.person', { courseRole: 'professor', ...(person && { person }) }),
      );
    expect(who('me')).toEqual(ROLES);
    expect(who('other')).toEqual(['admin']);
    expect(who()).toEqual([]);
  });

  it('refuses everybody what it does not know', () => {
    const unknown = ['', 'workspace', 'workspace.delete', 'constructor', 'toString', '__proto__', 'hasOwnProperty'];
    const facts: Facts = { courseRole: 'professor', workspace: { kind: 'course', owner: 'me' }, file: 'text' };
    for (const action of unknown) for (const role of ROLES) expect(may({ id: 'me', role }, action, facts)).toBe(false);
  });

  it('gives nobody without a session more than what is open', () => {
    const facts: Facts = { courseRole: 'professor', workspace: { kind: 'course', owner: 'me' }, file: 'text' };
    expect(Object.keys(ACTIONS).filter((action) => may(undefined, action, facts))).toEqual(['open']);
  });

  it('refuses what is asked about a workspace when there is none', () => {
    for (const action of ['workspace.see', 'workspace.edit', 'workspace.run', 'file.type'])
      expect(may({ id: 'me', role: 'admin' }, action, { file: 'text' })).toBe(false);
  });

  it('is what docs/PERMISSIONS.md says (PALIMPSEST_WRITE_DOCS=1 writes it)', () => {
    const path = resolve(import.meta.dirname, '../../../../docs/PERMISSIONS.md');
    if (process.env['PALIMPSEST_WRITE_DOCS'] === '1') writeFileSync(path, permissionsDocument());
    expect(readFileSync(path, 'utf8')).toBe(permissionsDocument());
  });
});
