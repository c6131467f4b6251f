import { Controller, Get, Inject, Post, Query, Req } from '@nestjs/common';
import { asId, type DeletionId, type FileId } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import { RestoreQueryDto, TrashEntryDto, UsageDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import type { Configuration } from '../configuration.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { contextIn } from './folders.controller.js';
import { namesOf } from './names-of.js';
import { Restorations } from './restorations.js';
import { type Done, type TreeThen, WorkspacePast } from './workspace-past.js';
import { ofWhom, WorkspaceQuota } from './workspace-quota.js';

/** What was deleted in a workspace, and how much is in it. */
@Controller('api/workspaces/:id')
export class TrashController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly past: WorkspacePast,
    private readonly directory: DirectoryQueries,
    private readonly restorations: Restorations,
    private readonly quota: WorkspaceQuota,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'fileBytes' | 'workspaceBytes'>,
  ) {}

  /** Nothing in it ever goes away by itself. */
  @Get('trash')
  @Access('workspace.see')
  @Answers(TrashEntryDto, { list: true })
  async trash(@Person() person: Principal, @PathId('id') id: string): Promise<TrashEntryDto[]> {
    const { workspace } = await this.access.require(person, id, 'see');
    const entries = entriesOf(await this.past.tree(workspace.id));
    const nameOf = await namesOf(
      this.directory,
      entries.map(({ done }) => done.by),
    );
    return entries
      .map(({ done: { at, by }, ...entry }) => ({ ...entry, deletedAt: at.toISOString(), byName: nameOf(by) }))
      .sort((a, b) => (a.deletedAt < b.deletedAt ? 1 : -1));
  }

  /** Brings a deleted folder back with all that went with it, under the path that it had or under `path`. */
  @Post('trash/:deletion/restore')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Answers(WrittenDto, { status: 201 })
  @Asks(RestoreQueryDto)
  async restore(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('deletion') deletion: string,
    @Query() { path }: RestoreQueryDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { workspace } = await this.access.require(person, id, 'edit');
    const to = path === undefined ? {} : { to: path };
    const command = { kind: 'restoreFolder', deletion: asId<DeletionId>(deletion), ...to } as const;
    const position = await this.restorations.restore(workspace, command, contextIn(person, workspace, request));
    return { id: deletion, position };
  }

  @Get('usage')
  @Access('workspace.see')
  @Answers(UsageDto)
  async usage(@Person() person: Principal, @PathId('id') id: string): Promise<UsageDto> {
    const { workspace } = await this.access.require(person, id, 'see');
    const { workspaceBytes: mostBytes, fileBytes: mostFileBytes } = this.configuration;
    return { usedBytes: await this.quota.usage(workspace), mostBytes, mostFileBytes, of: ofWhom(workspace) };
  }
}

interface Entry {
  readonly id: string;
  readonly kind: 'file' | 'folder';
  readonly path: string;
  readonly files: number;
  readonly done: Done;
}

/** Folders with what went with them, and files that went alone. */
function entriesOf({ state, deleted }: TreeThen): Entry[] {
  const entries: Entry[] = [];
  const inFolders = new Set<FileId>();
  for (const [id, { path, files, isRestored }] of state.deletions) {
    const done = deleted.get(id);
    for (const file of files) inFolders.add(file);
    if (done && (!isRestored || files.size > 0)) entries.push({ id, kind: 'folder', path, files: files.size, done });
  }
  for (const [id, path] of state.deleted) {
    const done = deleted.get(id);
    if (done && !inFolders.has(id)) entries.push({ id, kind: 'file', path, files: 1, done });
  }
  return entries;
}
