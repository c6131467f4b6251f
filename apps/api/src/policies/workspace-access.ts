import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { deadlineOf, isId, type ItemPhase, lockOf, nextTurn, phaseOf, type Schedule } from '@palimpsest/domain';
import { DirectoryQueries, type FileRow, ItemQueries, scheduleOf, type WorkspaceRow } from '@palimpsest/projections';
import { Looks } from '../audit/looks.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Problem } from '../platform/problem.js';
import { may } from './permission-table.js';
import { type Attempt, refusing } from './refusal.js';
import { allows, type ItemFacts, type WorkspaceAction, type WorkspaceRight, workspaceRight } from './policies.js';

/** What a course has published a workspace as, and how that stands for those whose work it is. */
export interface WorkspaceItem extends ItemFacts {
  readonly id: string;
  /** Undefined: the item is not known, so nothing is open. */
  readonly schedule: Schedule | undefined;
}

export interface OpenWorkspace {
  readonly workspace: WorkspaceRow;
  /** The person's role in its course; undefined for people who do not belong to it. */
  readonly courseRole: string | undefined;
  readonly right: WorkspaceRight;
  readonly item: WorkspaceItem | undefined;
  /** When, by itself, the right of this person may become another one, milliseconds since 1970; undefined: never. */
  readonly until: number | undefined;
}

export interface OpenFile extends OpenWorkspace {
  readonly file: FileRow;
}

const REFUSED: Readonly<Record<WorkspaceAction, string>> = {
  see: '',
  edit: 'This workspace is read-only for you.',
  run: 'You can look at this workspace but not run programs in it: make your own copy.',
};

const NO_WORKSPACE = 'There is no such workspace, or it is not yours to see.';

type Asking = Pick<Principal, 'userId' | 'role'>;

/** Looks a workspace or a file up and asks the policies. What a person may not see looks as if it did not exist. */
@Injectable()
export class WorkspaceAccess {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly items: ItemQueries,
    private readonly looks: Looks,
  ) {}

  async rightOf(person: Asking, workspace: WorkspaceRow): Promise<WorkspaceRight> {
    return (await this.#rightNow(person, workspace)).right;
  }

  async #rightNow(person: Asking, workspace: WorkspaceRow): Promise<OpenWorkspace> {
    const [courseRole, item] = await Promise.all([
      this.directory.courseRole(workspace.course, person.userId),
      this.#itemOf(person, workspace),
    ]);
    const right = workspaceRight({ id: person.userId, role: person.role }, courseRole, { ...workspace, item });
    const isBound = courseRole === 'student' && person.role !== 'admin' && item?.schedule !== undefined;
    return { workspace, courseRole, right, item, until: isBound ? nextTurn(item.schedule, Date.now()) : undefined };
  }

  async #itemOf(person: Asking, { id, itemId }: WorkspaceRow): Promise<WorkspaceItem | undefined> {
    if (itemId === null) return undefined;
    const row = await this.items.ofWorkspace(id, person.userId);
    if (!row) return { id: itemId, holds: false, phase: 'draft', schedule: undefined };
    const schedule = scheduleOf(row);
    return { id: itemId, holds: row.holds, phase: phaseOf(schedule, Date.now()), schedule };
  }

  /** Whether this person may type into this file: a binary one has no text, and a deleted one is looked at only. */
  mayType(person: Principal, { courseRole, workspace, item, file: { deleted, kind } }: OpenFile): boolean {
    const facts = { courseRole, workspace: { ...workspace, item }, file: deleted ? 'deleted' : kind } as const;
    return may({ id: person.userId, role: person.role }, 'file.type', facts);
  }

  /** Throws 404 for a workspace that is not there or must not be seen, 403 for one that may be seen only. */
  async require(person: Principal, id: string, action: WorkspaceAction): Promise<OpenWorkspace> {
    const workspace = isId(id) ? await this.directory.workspace(id) : undefined;
    const open = workspace && (await this.#rightNow(person, workspace));
    if (!open) throw new NotFoundException(NO_WORKSPACE);
    if (open.right === 'none') throw refusing(new NotFoundException(NO_WORKSPACE), attempt(open.workspace, 'see'));
    if (!allows(open.right, action)) throw refusing(refusal(open, action), attempt(open.workspace, action));
    if (isWorkOfOthers(open, person)) await this.#noteLook(person, open.workspace);
    return open;
  }

  /** Whatever is looked at in it, and by whichever way: it is recorded before it is shown. */
  async #noteLook(person: Principal, { id, name, owner, course }: WorkspaceRow): Promise<void> {
    const event = { type: 'WorkspaceViewed', data: { workspace: id, name } } as const;
    await this.looks.note(event, contextOf(person, 'web', { course, workspace: id, subject: owner }));
  }

  /** The same for the workspace of a file; deleted files count, since their history stays. */
  async requireFile(person: Principal, id: string, action: WorkspaceAction): Promise<OpenFile> {
    const file = isId(id) ? await this.directory.file(id) : undefined;
    if (!file) throw new NotFoundException('There is no such file, or it is not yours to see.');
    return { file, ...(await this.require(person, file.workspace, action)) };
  }
}

/** Whoever has the address of another's workspace has been told it or has tried: the answer hides it, the log does not. */
function attempt({ id, name, owner, course }: WorkspaceRow, action: WorkspaceAction): Attempt {
  return { what: WANTED[action], object: name, about: { subject: owner, course, workspace: id } };
}

const WANTED: Readonly<Record<WorkspaceAction, string>> = {
  see: 'see a workspace',
  edit: 'change a workspace',
  run: 'run programs in a workspace',
};

function isWorkOfOthers({ workspace: { kind, owner }, item }: OpenWorkspace, { userId }: Principal): boolean {
  if (kind === 'copy') return item?.holds !== true;
  return kind === 'personal' && owner !== userId;
}

/** Why somebody who may read cannot write: a lock has a code of its own. */
function refusal({ item }: OpenWorkspace, action: WorkspaceAction): Error {
  const locked = item?.holds ? lockedProblem(item.phase, item.schedule) : undefined;
  return locked ?? new ForbiddenException(REFUSED[action]);
}

/** The refusal of what would change locked work; undefined where it is not locked. */
export function lockedProblem(phase: ItemPhase, schedule: Schedule | undefined): Problem | undefined {
  if (phase === 'withdrawn')
    return new Problem(403, 'locked', 'This was withdrawn by your teacher: you can read your copy, not change it.');
  if (phase !== 'locked' || !schedule || lockOf(schedule) === null) return undefined;
  const at = new Date(deadlineOf(schedule) ?? 0).toISOString();
  return new Problem(403, 'locked', `The time for this was over at ${at}: you can read your copy, not change it.`);
}
