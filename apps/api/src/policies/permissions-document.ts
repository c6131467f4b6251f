import type { ItemPhase, Role } from '@palimpsest/domain';
import { type Action, type Asker, type Facts, may } from './permission-table.js';

/** A column of a table of docs/PERMISSIONS.md. */
interface Column {
  readonly title: string;
  readonly action: Action;
  readonly file?: Facts['file'];
  readonly person?: string;
}

const IN_WORKSPACE: readonly Column[] = [
  { title: 'see it, its files and runs', action: 'workspace.see' },
  { title: 'see the history', action: 'workspace.history' },
  { title: 'make, move, delete, restore files', action: 'workspace.edit' },
  { title: 'type into a text', action: 'file.type', file: 'text' },
  { title: 'into a deleted or binary file', action: 'file.type', file: 'deleted' },
  { title: 'run, stop, type into a run', action: 'workspace.run' },
];

const KINDS = {
  course: 'A shared workspace of a course',
  personal: 'A personal workspace',
  material: 'Material of a course that is not published as an item',
} as const;

/** Relations to a workspace, as rows. `me` is the asker's id. */
const RELATIONS: readonly (readonly [title: string, role: Role, courseRole: string | undefined, owner: boolean])[] = [
  ['its owner, a student of the course', 'student', 'student', true],
  ['its owner, no longer in the course', 'student', undefined, true],
  ['a student of the course', 'student', 'student', false],
  ['a professor of the course', 'professor', 'professor', false],
  ['an assistant of the course', 'assistant', 'assistant', false],
  ['an auditor of the course', 'auditor', 'auditor', false],
  ['a student of another course', 'student', undefined, false],
  ['a professor of another course', 'professor', undefined, false],
  ['an auditor of another course', 'auditor', undefined, false],
  ['an administrator', 'admin', undefined, false],
];

/** What a course publishes, by the clock. A moment belongs to what begins with it. */
const PHASES: readonly (readonly [phase: ItemPhase, title: string])[] = [
  ['draft', 'before its release'],
  ['announced', 'a test, before its start'],
  ['open', 'open, or extended'],
  ['late', 'after its due time'],
  ['locked', 'locked: test over, or closed'],
  ['withdrawn', 'withdrawn'],
];

const PUBLISHED: readonly (readonly [title: string, column: Column, holds: boolean | undefined])[] = [
  ['sees that it is there', { title: '', action: 'item.see' }, undefined],
  ['reads the published files', { title: '', action: 'workspace.see' }, undefined],
  ['makes a copy of material', { title: '', action: 'item.copy' }, undefined],
  ['reads the copy', { title: '', action: 'workspace.see' }, true],
  ['sees its history', { title: '', action: 'workspace.history' }, true],
  ['types in it, makes and moves files', { title: '', action: 'workspace.edit' }, true],
  ['runs in it', { title: '', action: 'workspace.run' }, true],
  ['hands it in', { title: '', action: 'work.handIn' }, true],
];

/** Whose work the copy is: the one who opened it, or everybody in the group, as the group is now. */
const WORKERS: readonly (readonly [title: string, role: Role, courseRole: string | undefined, holds: boolean])[] = [
  ['whose work it is: its student, or a member of its group', 'student', 'student', true],
  ['another student of the course', 'student', 'student', false],
  ['a professor or an assistant of the course', 'professor', 'professor', false],
  ['an auditor of the course', 'auditor', 'auditor', false],
  ['a student of another course', 'student', undefined, false],
  ['an administrator', 'admin', undefined, false],
];

const INSTALLATION: readonly Column[] = [
  { title: 'sign in, see whether the service works', action: 'open' },
  { title: 'own account, courses, who looked', action: 'self' },
  { title: 'administer accounts', action: 'accounts.administer' },
  { title: 'read the audit log', action: 'audit.read' },
  { title: 'see the state of the system', action: 'system.see' },
  { title: 'see signed checkpoints and keys', action: 'evidence.see' },
  { title: 'prove an event, sign a checkpoint', action: 'evidence.prove' },
];

const IN_COURSE: readonly Column[] = [
  { title: 'see the list of members', action: 'course.roster' },
  { title: 'see what others have done in it', action: 'person.activity' },
  { title: 'bring people in, invite, take out', action: 'course.people' },
  { title: 'decide what programs may use', action: 'course.modules' },
  { title: 'see what is published', action: 'items.list' },
  { title: 'publish, set times, extend, form groups', action: 'item.manage' },
  { title: 'see how everybody stands', action: 'item.overview' },
  { title: 'export it, under pseudonyms', action: 'export.course' },
  { title: 'with names', action: 'export.identified' },
  { title: 'see figures of the class, and of each student', action: 'metrics.class' },
  { title: 'see one’s own figures', action: 'metrics.person', person: 'me' },
];

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => (row[n] ?? '').length)));
  const line = (cells: Row) => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const answer = (asker: Asker, { action, file, person }: Column, facts: Facts) =>
  may(asker, action, { ...facts, ...(file && { file }), ...(person && { person }) }) ? 'yes' : '–';

function workspaceTable(kind: keyof typeof KINDS): string {
  const rows = RELATIONS.map(([title, role, courseRole, owns]) => {
    const facts = { courseRole, workspace: { kind, owner: owns ? 'me' : 'other' } };
    return [title, ...IN_WORKSPACE.map((column) => answer({ id: 'me', role }, column, facts))];
  });
  return `## ${KINDS[kind]}\n\n${table(['who', ...IN_WORKSPACE.map(({ title }) => title)], rows)}`;
}

function publishedTables(): string {
  const tables = WORKERS.map(([who, role, courseRole, holds]) => {
    const rows = PUBLISHED.map(([title, column, ofCopy]): Row => {
      const answers = PHASES.map(([phase]) => {
        const kind = ofCopy === undefined ? ('material' as const) : ('copy' as const);
        const item = { kind: 'material', phase } as const;
        const workspace = { kind, owner: 'other', item: { phase, holds } };
        return answer({ id: 'me', role }, column, { courseRole, workspace, item });
      });
      return [title, ...answers];
    });
    return `### ${who[0]?.toUpperCase() ?? ''}${who.slice(1)}\n\n${table(['', ...PHASES.map(([, title]) => title)], rows)}`;
  });
  return [
    '## What a course publishes',
    'Material, assignments and tests, and the copies that students and groups work in. The clock is the server’s; where somebody\nstands depends on their own extension, in a group on the latest of any member. When permission ends by the clock, open\nconnections are closed within a second, and what comes over them until then is refused; so is what a running program writes.',
    ...tables,
  ].join('\n\n');
}

function courseTable(): string {
  const members = ['student', 'assistant', 'professor', 'auditor'] as const;
  const rows: Row[] = members.map((role) => [
    `${role} of the course`,
    ...IN_COURSE.map((column) => answer({ id: 'me', role }, column, { courseRole: role })),
  ]);
  const outside = (['student', 'assistant', 'professor', 'auditor', 'admin'] as const).map((role) => [
    `${role} who does not belong to it`,
    ...IN_COURSE.map((column) => answer({ id: 'me', role }, column, {})),
  ]);
  return `## A course\n\n${table(['who', ...IN_COURSE.map(({ title }) => title)], [...rows, ...outside])}`;
}

function installationTable(): string {
  const askers: readonly (readonly [string, Asker])[] = [
    ['nobody who is signed in', undefined],
    ...(['student', 'assistant', 'professor', 'auditor', 'admin'] as const).map(
      (role) => [role, { id: 'me', role }] as const,
    ),
  ];
  const rows = askers.map(([title, asker]) => [title, ...INSTALLATION.map((column) => answer(asker, column, {}))]);
  return `## The installation\n\n${table(['who', ...INSTALLATION.map(({ title }) => title)], rows)}`;
}

/** docs/PERMISSIONS.md, from the table that the api asks. */
export function permissionsDocument(): string {
  return [
    '# Permissions',
    'Made from `apps/api/src/policies/permission-table.ts`; a test fails when it says something else. Denied is what is not\nlisted. What a person may not see answers 404, as if it did not exist; what may be seen and not changed answers 403.',
    'A look of somebody else into a personal workspace or at the figures of one person, and every look into a history, is recorded\nbefore it is granted (`WorkspaceViewed`, `MetricsViewed`, `HistoryViewed`; one event for half an hour of looking), and its owner sees who it was: "Who looked at\nmy work" in the menu, `GET /api/looks`.',
    'Who sees the history of a workspace may export it (Git, events, ZIP); addresses and sessions of other people are in it for\nauditors and administrators alone. Everything about one person is exported by that person, or by an administrator.\nEvery export is recorded before its first byte (`ExportStarted`).',
    ...(['course', 'personal', 'material'] as const).map(workspaceTable),
    publishedTables(),
    courseTable(),
    installationTable(),
  ]
    .join('\n\n')
    .concat('\n');
}
