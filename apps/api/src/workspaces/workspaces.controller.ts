import { Body, Controller, Delete, Get, Inject, Patch, Post, Query, Req } from '@nestjs/common';
import {
  asId,
  checkPath,
  type FileId,
  streamOf,
  utf8Length,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { DirectoryQueries, ReadModels } from '@palimpsest/projections';
import {
  CreateFileDto,
  type FileDto,
  MoveFileDto,
  PathDto,
  RestoreQueryDto,
  WorkspaceDto,
  WorkspaceQueryDto,
  WrittenDto,
} from '@palimpsest/protocol';
import type { Request } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { waitFor } from '../platform/wait-for.js';
import { type OpenWorkspace, WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';
import { FileCopies } from './file-copies.js';
import { writeFirstText } from './file-content.js';
import { contextIn } from './folders.controller.js';
import { RecordedFiles } from './recorded-content.js';
import { Restorations } from './restorations.js';
import { WorkspacePast } from './workspace-past.js';
import { WorkspaceQuota } from './workspace-quota.js';

@Controller('api/workspaces/:id')
export class WorkspacesController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly access: WorkspaceAccess,
    private readonly commands: CommandHandler,
    private readonly past: WorkspacePast,
    private readonly files: RecordedFiles,
    private readonly quota: WorkspaceQuota,
    private readonly copies: FileCopies,
    private readonly restorations: Restorations,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @Access('workspace.see')
  @Answers(WorkspaceDto)
  @Asks(WorkspaceQueryDto)
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after, at }: WorkspaceQueryDto,
  ): Promise<WorkspaceDto> {
    await waitFor(this.readModels, 'directory', after);
    const { workspace, right } = await this.access.require(person, id, 'see');
    const access = right === 'write' ? 'write' : 'read';
    const { itemId, ...shown } = workspace;
    const about = { ...shown, item: itemId, access } as const;
    if (at !== undefined) return { ...about, ...(await this.#treeThen(workspace.id, at)) };
    const [files, folders] = await Promise.all([
      this.directory.files(workspace.id),
      this.directory.folders(workspace.id),
    ]);
    return {
      ...about,
      folders,
      files: files.map(({ id, path, kind, createdAt }) => ({ id, path, kind, createdAt: createdAt.toISOString() })),
    };
  }

  /** The tree of another moment, and which revision each of its files had then. */
  async #treeThen(
    workspace: string,
    at: string,
  ): Promise<Pick<WorkspaceDto, 'files' | 'folders' | 'revision' | 'since'>> {
    const { state, revision, since, instant, created } = await this.past.tree(workspace, at);
    const files = [...state.files].map(async ([id, path]): Promise<FileDto> => {
      const then = instant ? await this.files.revisionAt(id, instant) : await this.files.revisionNow(id);
      return {
        ...{ id, path, kind: state.binary.has(id) ? 'binary' : 'text' },
        createdAt: (created.get(id)?.at ?? since).toISOString(),
        revision: then === null ? null : String(then),
      };
    });
    const inOrder = (await Promise.all(files)).sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      files: inOrder,
      folders: [...state.folders].sort(),
      ...{ revision: String(revision), since: since.toISOString() },
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
    const text = body.text ?? '';
    const create = () => this.#change(person, open, request, file, { kind: 'createFile', file, path: checked.path });
    if (text === '') return create();
    return this.quota.within(open.workspace, async (admit) => {
      await admit(new Map([[file, { kind: 'text', bytes: utf8Length(text) }]]));
      // Text first: whoever sees the file in the tree must find its text, also after a crash between the two. The other
      // way round a refused path leaves a stream that nothing refers to, which is harmless.
      await writeFirstText(this.store, file, text, this.#context(person, open, request, file));
      return create();
    });
  }

  @Post('files/:file/copy')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(PathDto, { path: 'lib/greeting-2.py' })
  @Answers(WrittenDto, { status: 201 })
  async copy(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') file: string,
    @Body() { path }: PathDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { open, fileId } = await this.#find(person, id, file);
    const choose = ({ files }: WorkspaceState) => {
      if (!files.has(fileId))
        throw new Rejected({ code: 'not-found', message: 'This file is not in the workspace any more.' });
      return { files: [{ from: fileId, to: path }], folders: [] };
    };
    return this.copies.make(open.workspace, choose, contextIn(person, open.workspace, request));
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
  @Asks(RestoreQueryDto)
  async restore(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') file: string,
    @Query() { path }: RestoreQueryDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { open, fileId } = await this.#find(person, id, file);
    const command = { kind: 'restoreFile', file: fileId, ...(path !== undefined && { to: path }) } as const;
    const context = this.#context(person, open, request, fileId);
    return { id: file, position: await this.restorations.restore(open.workspace, command, context) };
  }

  async #find(person: Principal, id: string, file: string): Promise<{ open: OpenWorkspace; fileId: FileId }> {
    const open = await this.access.require(person, id, 'edit');
    const found = await this.access.requireFile(person, file, 'edit');
    if (found.workspace.id !== open.workspace.id)
      throw new Rejected({ code: 'not-found', message: 'There is no such file in this workspace.' });
    return { open, fileId: asId<FileId>(file) };
  }

  #context(person: Principal, open: OpenWorkspace, request: Request, file: FileId) {
    return { ...contextIn(person, open.workspace, request), file };
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
