import {
  asId,
  courseDecider,
  type CourseId,
  type CourseRole,
  type FileId,
  itemDecider,
  type ItemId,
  type ItemTimes,
  type Role,
  streamOf,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceKind,
} from '@palimpsest/domain';
import { type EventStore, WrongExpectedVersion } from '@palimpsest/event-store';
import { accountId } from '../auth/account-id.js';
import type { Accounts } from '../auth/accounts.js';
import type { CommandHandler } from '../commands/command-handler.js';
import { type CommandContext, systemContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { derivedId } from '../platform/derived-id.js';
import { writeFirstText } from '../workspaces/file-content.js';
import type { FirstAccount } from './first-accounts.js';
import { type DemoItem, DEMO_ITEMS, LECTURE_NOTES, PERSONAL_MAIN, SECTIONS, SHARED_MAIN } from './demo-course.js';

interface Person {
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
}

const ADMIN: Person = { username: 'admin', displayName: 'Administrator', role: 'admin' };
const PROFESSOR: Person = { username: 'hopper', displayName: 'Prof. Grace Hopper', role: 'professor' };
const AUDITOR: Person = { username: 'auditor', displayName: 'Auditor', role: 'auditor' };
const STUDENTS: readonly Person[] = [
  { username: 'ada', displayName: 'Ada', role: 'student' },
  { username: 'ben', displayName: 'Ben', role: 'student' },
  { username: 'chloe', displayName: 'Chloé', role: 'student' },
];

/** Who gets an account. */
export function firstPeople(demo: boolean): readonly Pick<Person, 'username' | 'role'>[] {
  return demo ? [ADMIN, PROFESSOR, AUDITOR, ...STUDENTS] : [ADMIN];
}

/** Carries on where something was made already: a seeding that was cut off is simply done again. */
async function unlessDone(step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    const done =
      error instanceof WrongExpectedVersion || (error instanceof Rejected && error.rejection.code === 'already-exists');
    if (!done) throw error;
  }
}

/** Fills an empty log: an administrator, and the demo course unless it is not wanted. All ids are derived from names. */
export class Seeding {
  readonly #accounts: Accounts;
  readonly #commands: CommandHandler;
  readonly #store: EventStore;
  readonly #passwords: ReadonlyMap<string, string>;

  constructor(accounts: Accounts, commands: CommandHandler, store: EventStore, passwords: readonly FirstAccount[]) {
    this.#accounts = accounts;
    this.#commands = commands;
    this.#store = store;
    this.#passwords = new Map(passwords.map(({ username, password }) => [username, password]));
  }

  async seed(demo: boolean): Promise<void> {
    await this.#register(ADMIN);
    if (!demo) return;
    for (const person of [PROFESSOR, AUDITOR, ...STUDENTS]) await this.#register(person);
    const course = asId<CourseId>(derivedId('demo course'));
    const command = { kind: 'create', id: course, title: 'Introduction to Python', sections: SECTIONS } as const;
    await unlessDone(
      this.#commands.execute(streamOf.course(course), courseDecider, command, systemContext({ course })),
    );
    await this.#enrol(course, PROFESSOR, 'professor');
    await this.#enrol(course, AUDITOR, 'auditor');
    for (const student of STUDENTS) await this.#enrol(course, student, 'student');
    await this.#openWorkspace(course, PROFESSOR, 'course', 'Pair programming', 'main.py', SHARED_MAIN);
    await this.#openWorkspace(course, PROFESSOR, 'material', 'Lecture Notes', 'lecture-1.md', LECTURE_NOTES);
    for (const student of STUDENTS)
      await this.#openWorkspace(
        course,
        student,
        'personal',
        `${student.displayName}’s workspace`,
        'main.py',
        PERSONAL_MAIN,
      );
    for (const item of DEMO_ITEMS) await this.#publish(course, item, Date.now());
  }

  async #register(person: Person): Promise<void> {
    const password = this.#passwords.get(person.username);
    if (password === undefined) throw new Error(`no password for ${person.username}`);
    await this.#accounts.ensure({ ...person, password }, systemContext());
  }

  async #enrol(course: CourseId, person: Person, role: CourseRole): Promise<void> {
    const user = accountId(person.username);
    const context = systemContext({ course, subject: user });
    await this.#commands.execute(streamOf.course(course), courseDecider, { kind: 'enrol', user, role }, context);
  }

  async #publish(course: CourseId, demo: DemoItem, now: number): Promise<void> {
    const { section, kind, title, path, text } = demo;
    const id = asId<ItemId>(derivedId(`demo item ${title}`));
    const material = await this.#openWorkspace(course, PROFESSOR, 'material', title, path, text, id);
    const item = { id, course, section, kind, title, material, groups: false, times: timesOf(demo, now) };
    const command = { kind: 'publish', item } as const;
    await unlessDone(this.#commands.execute(streamOf.item(id), itemDecider, command, systemContext({ course })));
  }

  async #openWorkspace(
    course: CourseId,
    owner: Person,
    kind: WorkspaceKind,
    name: string,
    path: string,
    text: string,
    item?: ItemId,
  ): Promise<WorkspaceId> {
    const id = asId<WorkspaceId>(derivedId(`demo workspace ${name}`));
    const file = asId<FileId>(derivedId(`demo file ${name}/${path}`));
    const context: CommandContext = systemContext({ course, workspace: id });
    const stream = streamOf.workspace(id);
    const workspace = { id, kind, course, owner: accountId(owner.username), name, ...(item && { item }) };
    await unlessDone(this.#commands.execute(stream, workspaceDecider, { kind: 'open', workspace }, context));
    await unlessDone(writeFirstText(this.#store, file, text, { ...context, file }));
    const create = { kind: 'createFile', file, path } as const;
    await unlessDone(this.#commands.execute(stream, workspaceDecider, create, { ...context, file }));
    return id;
  }
}

const DAY_MS = 86_400_000;

function timesOf({ kind, dueInDays = 0, startsInDays = 0, minutes = 0 }: DemoItem, now: number): ItemTimes {
  const none = { releaseAt: now, startAt: null, endAt: null, dueAt: null, closesAfterDue: false };
  const startAt = now + startsInDays * DAY_MS;
  switch (kind) {
    case 'material':
      return none;
    case 'assignment':
      return { ...none, dueAt: now + dueInDays * DAY_MS };
    case 'test':
      return { ...none, startAt, endAt: startAt + minutes * 60_000 };
  }
}
