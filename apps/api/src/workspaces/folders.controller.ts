import { Body, Controller, Delete, Patch, Post, Query, Req } from '@nestjs/common';
import {
  asId,
  type DeletionId,
  isFolder,
  streamOf,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import type { WorkspaceRow } from '@palimpsest/projections';
import { MoveFolderDto, PathDto, PathQueryDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { type Copies, FileCopies } from './file-copies.js';

/** Folders with all that is in them: each command is one decision, carried out as a whole or not at all. */
@Controller('api/workspaces/:id/folders')
export class FoldersController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly commands: CommandHandler,
    private readonly copies: FileCopies,
  ) {}

  /** Makes an empty folder, and those above it. */
  @Post()
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(PathDto, { path: 'data/raw' })
  @Answers(WrittenDto, { status: 201 })
  async create(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() { path }: PathDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    return this.#change(person, id, request, { kind: 'createFolder', path });
  }

  /** Renames or moves it. */
  @Patch()
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(MoveFolderDto, { path: 'data/raw', to: 'old/raw' })
  @Answers(WrittenDto)
  async move(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() { path, to }: MoveFolderDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    return this.#change(person, id, request, { kind: 'moveFolder', from: path, to });
  }

  @Post('copy')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(MoveFolderDto, { path: 'data/raw', to: 'data/copy' })
  @Answers(WrittenDto, { status: 201 })
  async copy(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: MoveFolderDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { workspace } = await this.access.require(person, id, 'edit');
    const choose = (state: WorkspaceState) => copiesOf(state, body.path.normalize('NFC'), body.to.normalize('NFC'));
    return this.copies.make(workspace, choose, contextIn(person, workspace, request));
  }

  /** It goes to the trash, from where it comes back together: the answer's `id` is that of this deletion. */
  @Delete()
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Answers(WrittenDto)
  @Asks(PathQueryDto)
  async delete(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { path }: PathQueryDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const deletion = asId<DeletionId>(newId('deletion'));
    const written = await this.#change(person, id, request, { kind: 'deleteFolder', path, deletion });
    return { ...written, id: deletion };
  }

  async #change(person: Principal, id: string, request: Request, command: WorkspaceCommand): Promise<WrittenDto> {
    const { workspace } = await this.access.require(person, id, 'edit');
    const stream = streamOf.workspace(asId<WorkspaceId>(workspace.id));
    const context = contextIn(person, workspace, request);
    const { position } = await this.commands.execute(stream, workspaceDecider, command, context);
    return { id: workspace.id, position };
  }
}

/** Metadata of what a person does in a workspace by the page or the API. */
export function contextIn(person: Principal, { course, id }: Pick<WorkspaceRow, 'course' | 'id'>, request: Request) {
  return contextOf(person, 'web', { course, workspace: id, address: addressOf(request) });
}

function copiesOf(state: WorkspaceState, from: string, to: string): Copies {
  if (!isFolder(state, from))
    throw new Rejected({ code: 'not-found', message: `There is no folder "${from}" in this workspace.` });
  if (isFolder(state, to))
    throw new Rejected({ code: 'path-taken', message: `There is already a folder "${to}" here.` });
  const isIn = (path: string) => path.startsWith(`${from}/`);
  const below = (path: string) => `${to}${path.slice(from.length)}`;
  return {
    files: [...state.files].filter(([, path]) => isIn(path)).map(([file, path]) => ({ from: file, to: below(path) })),
    folders: [...state.folders].filter((path) => path === from || isIn(path)).map(below),
  };
}
