import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  courseDecider,
  type CourseCommand,
  type CourseId,
  type CourseState,
  type Role,
  streamOf,
  userDecider,
  type UserId,
  type UserState,
} from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import type { FirstPasswordDto, RosterDto, RosterPreviewDto } from '@palimpsest/protocol';
import type pg from 'pg';
import { AccountChanges } from '../auth/account-changes.js';
import { accountId } from '../auth/account-id.js';
import { Credentials } from '../auth/credentials.js';
import { Emails } from '../auth/emails.js';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { randomPassword } from '../installation/first-accounts.js';
import { Problem } from '../platform/problem.js';
import { POOL } from '../platform/tokens.js';
import { inParallel } from './in-parallel.js';
import { readRoster, type RosterFile } from './roster-file.js';
import { countChanges, planRoster, type RosterPlan, type RosterStep } from './roster-plan.js';

/** Accounts that are read or made at the same time: appends of different streams share a commit. */
const TOGETHER = 16;

export interface RosterImport {
  readonly counts: RosterPreviewDto['counts'];
  /** Of the accounts that were made. */
  readonly firstPasswords: readonly FirstPasswordDto[];
  /** What could not be done after all, a sentence for each: the rest is done. */
  readonly problems: readonly string[];
  /** Place of the last event; null when there was nothing to change. */
  readonly position: Position | null;
}

/** What became of one step. */
interface Changed {
  readonly isNew: boolean;
  readonly position: Position | null;
  readonly problems: readonly string[];
}

interface Prepared {
  readonly file: RosterFile;
  readonly plan: RosterPlan;
  readonly digest: string;
}

/**
 * Rosters of courses, for the page and for `npm run palimpsest -- users import` alike. A preview is the plan of what an
 * import would do, with a digest; an import makes the plan anew and does nothing if it is another by now. All it knows comes
 * from the log itself: the lists may be behind, or nobody keeps them while the classroom is stopped.
 */
@Injectable()
export class Rosters {
  constructor(
    private readonly commands: CommandHandler,
    private readonly credentials: Credentials,
    private readonly emails: Emails,
    private readonly changes: AccountChanges,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {}

  /** Writes nothing. Throws Problem for a file that cannot be read, and if there is no such course. */
  async preview(course: CourseId, roster: RosterDto, context: CommandContext): Promise<RosterPreviewDto> {
    const { file, plan, digest } = await this.#prepare(course, roster, context);
    const { headers, columns, delimiter } = file;
    return {
      ...{ headers: [...headers], columns: { ...columns }, delimiter, digest },
      ...{ rows: [...plan.rows], counts: countChanges(plan.rows) },
    };
  }

  /**
   * Does what the preview with this digest has shown; rows with an error are left out. `keep` gets the first passwords before
   * any account is made, so that a crash loses none. Throws Problem when the digest is another by now.
   */
  async import(
    course: CourseId,
    roster: RosterDto & { readonly digest: string },
    context: CommandContext,
    keep: (passwords: readonly FirstPasswordDto[]) => Promise<void> = () => Promise.resolve(),
  ): Promise<RosterImport> {
    const { plan, digest } = await this.#prepare(course, roster, context);
    if (digest !== roster.digest)
      throw new Problem(
        409,
        'roster-changed',
        'The file or the course is another than in the preview, so nothing was done: look at the preview again.',
      );
    const passwords = new Map(
      plan.steps.flatMap(({ user, register }) => (register ? [[user, randomPassword()]] : [])) as [UserId, string][],
    );
    const firstPassword = ({ user, register }: RosterStep): FirstPasswordDto[] =>
      register
        ? [{ username: register.username, displayName: register.displayName, password: passwords.get(user) ?? '' }]
        : [];
    if (passwords.size > 0) await keep(plan.steps.flatMap(firstPassword));
    const made = await inParallel(TOGETHER, plan.steps, (step) =>
      this.#account(step, passwords.get(step.user), context),
    );
    const enrolled = await this.#enrol(course, plan.steps, context);
    const positions = made.flatMap(({ position }) => (position === null ? [] : [position]));
    return {
      counts: countChanges(plan.rows),
      firstPasswords: plan.steps.filter((_, n) => made[n]?.isNew).flatMap(firstPassword),
      problems: made.flatMap(({ problems }) => problems),
      position: enrolled ?? positions.at(-1) ?? null,
    };
  }

  async #prepare(course: CourseId, roster: RosterDto, { actor }: CommandContext): Promise<Prepared> {
    const { state } = await this.commands.load(streamOf.course(course), courseDecider);
    if (!state.exists) throw new Problem(404, 'not-found', 'There is no such course, or it is not yours to see.');
    const file = readRoster(roster.text, roster);
    const facts = await this.#facts(course, file, state, { id: actor.id, role: actor.role });
    const plan = planRoster(file.lines, facts, roster.removeMissing === true);
    const digest = createHash('sha256')
      .update(JSON.stringify([course, plan]))
      .digest('hex');
    return { file, plan, digest };
  }

  async #facts(
    course: CourseId,
    file: RosterFile,
    state: CourseState,
    importer: { readonly id: string; readonly role: Role | 'system' },
  ) {
    const idOf = accountId;
    const users = [...new Set([...file.lines.map(({ username }) => idOf(username)), ...state.members.keys()])];
    const states = await inParallel(TOGETHER, users, (user) => this.#accountState(user));
    const accounts = new Map(users.map((user, n) => [user, states[n] as UserState]));
    const emails = file.lines.flatMap(({ email }) => (email === undefined ? [] : [email]));
    const { emailOf, ownerOfEmail } = await this.emails.of(users, emails);
    const usernames = await this.#usernames([...state.members.keys()]);
    const elsewhere = await this.#elsewhere(course, [...state.members.keys()]);
    return { accounts, members: state.members, usernames, emailOf, ownerOfEmail, idOf, importer, elsewhere };
  }

  async #accountState(user: UserId): Promise<UserState> {
    return (await this.commands.load(streamOf.user(user), userDecider)).state;
  }

  /** Only shown, so the directory will do. */
  async #usernames(users: readonly UserId[]): Promise<ReadonlyMap<UserId, string>> {
    const { rows } = await this.pool.query<{ id: UserId; username: string }>(
      'select id, username from read.person where id = any($1::uuid[])',
      [users],
    );
    return new Map(rows.map(({ id, username }) => [id, username]));
  }

  /** The directory alone knows all courses of somebody; a moment's delay can only leave an account active. */
  async #elsewhere(course: CourseId, users: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const { rows } = await this.pool.query<{ person: UserId }>(
      'select distinct person from read.member where course <> $1 and person = any($2::uuid[])',
      [course, users],
    );
    return new Set(rows.map(({ person }) => person));
  }

  /**
   * Makes or changes the account of one step. `isNew` only if it was made here: whoever was faster has given a password. What
   * is refused after all does not keep the others from being done, nor the first passwords from being told.
   */
  async #account(
    { user, register, rename, email, deactivate, reactivate }: RosterStep,
    password: string | undefined,
    context: CommandContext,
  ): Promise<Changed> {
    const about = { ...context, ...(user !== context.actor.id && { subject: user }) };
    const problems: string[] = [];
    let [isNew, position] = [false, null as Position | null];
    const change = async (work: () => Promise<Position | null>) => {
      try {
        position = (await work()) ?? position;
      } catch (error) {
        if (!(error instanceof Problem || error instanceof Rejected)) throw error;
        problems.push(error.message);
      }
    };
    if (register && password !== undefined) {
      const made = await this.credentials.setForNew(user, password, () =>
        this.#register({ ...register, id: user }, about),
      );
      isNew = made !== undefined;
      position = made ?? position;
    }
    if (reactivate) await change(() => this.changes.reactivate(user, about));
    if (rename !== undefined) await change(() => this.#execute(user, { kind: 'rename', displayName: rename }, about));
    if (email !== undefined && (isNew || !register))
      await change(async () => {
        await this.emails.set(user, email);
        return this.#execute(user, { kind: 'recordEmailChange' }, about);
      });
    // Before the person leaves the course: after a crash in between the same file finds them missing again.
    if (deactivate) await change(() => this.changes.deactivate(user, 'not in the roster', about));
    return { isNew, position, problems };
  }

  async #register(
    account: { readonly id: UserId; readonly username: string; readonly displayName: string; readonly role: Role },
    context: CommandContext,
  ): Promise<Position | undefined> {
    try {
      return (await this.#execute(account.id, { kind: 'register', ...account }, context)) ?? undefined;
    } catch (error) {
      if (error instanceof Rejected && error.rejection.code === 'already-exists') return undefined;
      throw error;
    }
  }

  async #execute(user: UserId, command: Parameters<typeof userDecider.decide>[0], context: CommandContext) {
    return (await this.commands.execute(streamOf.user(user), userDecider, command, context)).position;
  }

  async #enrol(course: CourseId, steps: readonly RosterStep[], context: CommandContext): Promise<Position | null> {
    const commands = steps.flatMap(({ user, enrol, remove }) => {
      const command: CourseCommand | undefined =
        enrol !== undefined
          ? { kind: 'enrol', user, role: enrol }
          : remove
            ? { kind: 'removeMember', user }
            : undefined;
      const about = { ...context, course, ...(user !== context.actor.id && { subject: user }) };
      return command ? [{ command, context: about }] : [];
    });
    return this.commands.executeAll(streamOf.course(course), courseDecider, commands);
  }
}
