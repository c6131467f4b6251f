import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { isId } from '@palimpsest/domain';
import { DirectoryQueries, type FileRow, type WorkspaceRow } from '@palimpsest/projections';
import { Looks } from '../audit/looks.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { may } from './permission-table.js';
import { allows, type WorkspaceAction, type WorkspaceRight, workspaceRight } from './policies.js';

export interface OpenWorkspace {
  readonly workspace: WorkspaceRow;
  /** The person's role in its course; undefined for people who do not belong to it. */
  readonly courseRole: string | undefined;
  readonly right: WorkspaceRight;
}

export interface OpenFile extends OpenWorkspace {
  readonly file: FileRow;
}

const REFUSED: Readonly<Record<WorkspaceAction, string>> = {
  see: '',
  edit: 'This workspace is read-only for you.',
  run: 'You can look at this workspace but not run programs in it: make your own copy.',
};

/** Looks a workspace or a file up and asks the policies. What a person may not see looks as if it did not exist. */
@Injectable()
export class WorkspaceAccess {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly looks: Looks,
  ) {}

  async rightOf(person: Pick<Principal, 'userId' | 'role'>, workspace: WorkspaceRow): Promise<WorkspaceRight> {
    const courseRole = await this.directory.courseRole(workspace.course, person.userId);
    return workspaceRight({ id: person.userId, role: person.role }, courseRole, workspace);
  }

  /** Whether this person may type into this file: a binary one has no text, and a deleted one is looked at only. */
  mayType(person: Principal, { courseRole, workspace, file: { deleted, kind } }: OpenFile): boolean {
    const facts = { courseRole, workspace, file: deleted ? 'deleted' : kind } as const;
    return may({ id: person.userId, role: person.role }, 'file.type', facts);
  }

  /** Throws 404 for a workspace that is not there or must not be seen, 403 for one that may be seen only. */
  async require(person: Principal, id: string, action: WorkspaceAction): Promise<OpenWorkspace> {
    const workspace = isId(id) ? await this.directory.workspace(id) : undefined;
    const courseRole = workspace && (await this.directory.courseRole(workspace.course, person.userId));
    const right = workspace ? workspaceRight({ id: person.userId, role: person.role }, courseRole, workspace) : 'none';
    if (!workspace || right === 'none')
      throw new NotFoundException('There is no such workspace, or it is not yours to see.');
    if (!allows(right, action)) throw new ForbiddenException(REFUSED[action]);
    if (workspace.kind === 'personal' && workspace.owner !== person.userId) await this.#noteLook(person, workspace);
    return { workspace, courseRole, right };
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
