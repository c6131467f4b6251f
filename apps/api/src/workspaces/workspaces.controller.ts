import { Body, Controller, Delete, Get, Inject, Patch, Post, Query, Req } from '@nestjs/common';
import {
  asId,
  checkPath,
  type FileId,
  streamOf,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { DirectoryQueries, ReadModels } from '@palimpsest/projections';
import { AfterQueryDto, CreateFileDto, MoveFileDto, WorkspaceDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { waitFor } from '../platform/wait-for.js';
import { type OpenWorkspace, WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';
import { writeFirstText } from './file-content.js';

@Controller('api/workspaces/:id')
export class WorkspacesController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly access: WorkspaceAccess,
    private readonly commands: CommandHandler,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @Access('workspace.see')
  @Answers(WorkspaceDto)
  @Asks(AfterQueryDto)
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<WorkspaceDto> {
    await waitFor(this.readModels, 'directory', after);
    const { workspace, right } = await this.access.require(person, id, 'see');
    const files = await this.directory.files(workspace.id);
    const { itemId, ...shown } = workspace;
    return {
      ...shown,
      item: itemId,
      access: right === 'write' ? 'write' : 'read',
      files: files.map(({ id, path, kind, createdAt }) => ({ id, path, kind, createdAt: createdAt.toISOString() })),
    };
  }

  @Post('files')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(CreateFileDto, { path: 'lib/greeting.py', text: 'print("Hello")\n' })
  @Answers(WrittenDto, { status: 201 })
  async create(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: CreateFileDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const open = await this.access.require(person, id, 'edit');
    const checked = checkPath(body.path);
    if (!checked.ok) throw new Rejected({ code: 'invalid-path', message: checked.problem });
    const file = asId<FileId>(newId('file'));
    // Text first: whoever sees the file in the tree must find its text, also after a crash between the two. The other
    // way round a refused path leaves a stream that nothing refers to, which is harmless.
    await writeFirstText(this.store, file, body.text ?? '', this.#context(person, open, request, file));
    return this.#change(person, open, request, file, { kind: 'createFile', file, path: checked.path });
  }

  @Patch('files/:file')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(MoveFileDto, { path: 'lib/welcome.py' })
  @Answers(WrittenDto)
  async move(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') file: string,
    @Body() body: MoveFileDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { open, fileId } = await this.#find(person, id, file);
    return this.#change(person, open, request, fileId, { kind: 'moveFile', file: fileId, to: body.path });
  }

  @Delete('files/:file')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Answers(WrittenDto)
  async delete(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') file: string,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { open, fileId } = await this.#find(person, id, file);
    return this.#change(person, open, request, fileId, { kind: 'deleteFile', file: fileId });
  }

  @Post('files/:file/restore')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Answers(WrittenDto, { status: 201 })
  async restore(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') file: string,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { open, fileId } = await this.#find(person, id, file);
    return this.#change(person, open, request, fileId, { kind: 'restoreFile', file: fileId });
  }

  async #find(person: Principal, id: string, file: string): Promise<{ open: OpenWorkspace; fileId: FileId }> {
    const open = await this.access.require(person, id, 'edit');
    const found = await this.access.requireFile(person, file, 'edit');
    if (found.workspace.id !== open.workspace.id)
      throw new Rejected({ code: 'not-found', message: 'There is no such file in this workspace.' });
    return { open, fileId: asId<FileId>(file) };
  }

  #context(person: Principal, open: OpenWorkspace, request: Request, file: FileId) {
    const { course, id: workspace } = open.workspace;
    return contextOf(person, 'web', { course, workspace, file, address: addressOf(request) });
  }

  async #change(
    person: Principal,
    open: OpenWorkspace,
    request: Request,
    file: FileId,
    command: WorkspaceCommand,
  ): Promise<WrittenDto> {
    const stream = streamOf.workspace(asId<WorkspaceId>(open.workspace.id));
    const context = this.#context(person, open, request, file);
    const { position } = await this.commands.execute(stream, workspaceDecider, command, context);
    return { id: file, position };
  }
}
