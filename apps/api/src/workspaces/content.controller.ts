import { Controller, Get, Inject, NotFoundException, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import {
  asId,
  CONTENT_STORED,
  type ContentStored,
  type FileId,
  readEvent,
  readMetadata,
  streamOf,
} from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import { DirectoryQueries, type FileRow, type WorkspaceRow } from '@palimpsest/projections';
import { ContentQueryDto, VersionDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Looks } from '../audit/looks.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { invalidRequest, Problem } from '../platform/problem.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { namesOf } from './names-of.js';
import { RecordedFiles } from './recorded-content.js';
import { sendContent, servedOf } from './served-content.js';
import { WorkspacePast } from './workspace-past.js';

/** A file as bytes: what a program wrote, what was uploaded, or the text as it is recorded. */
@Controller('api/workspaces/:id/files/:file')
export class ContentController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly files: RecordedFiles,
    private readonly past: WorkspacePast,
    private readonly looks: Looks,
    private readonly directory: DirectoryQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /**
   * To whoever may see the workspace: as it is, or as it was at a moment or a revision, which is a look into the history.
   * Pictures and PDF may be shown; everything else is to be saved.
   */
  @Get('content')
  @Access('workspace.see')
  @ApiOkResponse({
    description: 'The bytes of the file.',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  @Asks(ContentQueryDto)
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') fileId: string,
    @Query() { at, revision }: ContentQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (at !== undefined && revision !== undefined)
      throw invalidRequest([{ field: 'at', problem: 'and revision exclude each other' }]);
    const { file, workspace } = await this.#find(person, id, fileId);
    if (at !== undefined || revision !== undefined) await this.#noteLook(person, file, workspace, request);
    const then = at === undefined ? undefined : await this.#at(file, at);
    const now = () => this.files.revisionNow(asId<FileId>(file.id));
    const wanted = then ? then.revision : revision === undefined ? await now() : BigInt(revision);
    const content = await this.files.at(asId<FileId>(file.id), file.kind, wanted);
    await sendContent(
      request,
      response,
      await servedOf(this.files, {
        ...{ path: then?.path ?? file.path, id: file.id, content, isFixed: revision !== undefined },
      }),
    );
  }

  /** The contents that a binary file has had. A text has a history instead. */
  @Get('versions')
  @Access('workspace.history')
  @Answers(VersionDto, { list: true })
  async versions(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') fileId: string,
    @Req() request: Request,
  ): Promise<VersionDto[]> {
    const { file, workspace } = await this.#find(person, id, fileId);
    await this.#noteLook(person, file, workspace, request);
    if (file.kind === 'text')
      throw new Problem(
        404,
        'not-binary',
        'A text has no versions: its history shows every edit (GET /api/files/…/history).',
      );
    const found: Omit<VersionDto, 'byName'>[] = [];
    const actors: string[] = [];
    try {
      for await (const event of this.store.readStream(streamOf.file(asId<FileId>(file.id)))) {
        if (event.type !== CONTENT_STORED) continue;
        const { sha256, size, mediaType } = (readEvent(event) as ContentStored).data;
        found.push({ revision: String(event.revision), sha256, size, mediaType, at: event.recordedAt.toISOString() });
        actors.push(readMetadata(event).actor.id);
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    const nameOf = await namesOf(this.directory, actors);
    return found.map((version, n) => ({ ...version, byName: nameOf(actors[n] ?? '') })).reverse();
  }

  async #find(person: Principal, id: string, fileId: string): Promise<{ file: FileRow; workspace: WorkspaceRow }> {
    const { file, workspace } = await this.access.requireFile(person, fileId, 'see');
    if (workspace.id !== id) throw new NotFoundException('There is no such file in this workspace.');
    return { file, workspace };
  }

  /** Its path and revision at that moment. */
  async #at(file: FileRow, at: string): Promise<{ path: string; revision: bigint | null }> {
    const id = asId<FileId>(file.id);
    const { state, instant } = await this.past.tree(file.workspace, at);
    const path = state.files.get(id);
    if (path === undefined)
      throw new Problem(404, 'not-there-then', 'This file was not in the workspace then: ask for another time.');
    return { path, revision: instant ? await this.files.revisionAt(id, instant) : await this.files.revisionNow(id) };
  }

  async #noteLook(person: Principal, file: FileRow, workspace: WorkspaceRow, request: Request): Promise<void> {
    await this.looks.note(
      { type: 'HistoryViewed', data: { file: file.id, path: file.path } },
      contextOf(person, 'web', {
        ...{ course: workspace.course, workspace: workspace.id, file: file.id },
        ...(workspace.owner !== person.userId && { subject: workspace.owner }),
        address: addressOf(request),
      }),
    );
  }
}
