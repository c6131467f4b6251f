import { Injectable } from '@nestjs/common';
import { asId, type FileId } from '@palimpsest/domain';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Looks } from '../audit/looks.js';
import { Problem } from '../platform/problem.js';
import { type OpenFile, WorkspaceAccess } from '../policies/workspace-access.js';

export interface HistoryOf extends OpenFile {
  readonly id: FileId;
}

/** Lets people into the history of a file. The look itself is recorded before it is granted. */
@Injectable()
export class HistoryAccess {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly looks: Looks,
  ) {}

  /** Throws 404 for a file that is not there or must not be seen, and for one that is not a text. */
  async require(person: Principal, file: string, request: Request): Promise<HistoryOf> {
    const open = await this.access.requireFile(person, file, 'see');
    await this.noteLook(person, open, request);
    if (open.file.kind !== 'text')
      throw new Problem(
        404,
        'not-text',
        'This file is not a text, so it has no history of edits: its contents are at GET /api/workspaces/…/files/…/versions.',
      );
    return { ...open, id: asId<FileId>(open.file.id) };
  }

  async noteLook(person: Principal, { file, workspace }: Pick<OpenFile, 'file' | 'workspace'>, request: Request) {
    await this.looks.note(
      { type: 'HistoryViewed', data: { file: file.id, path: file.path } },
      contextOf(person, 'web', {
        ...{ course: workspace.course, workspace: workspace.id, file: file.id },
        ...(workspace.owner !== person.userId && { subject: workspace.owner }),
        address: addressOf(request),
      }),
    );
  }

  mayEdit(person: Principal, open: OpenFile): boolean {
    return this.access.mayType(person, open);
  }
}
