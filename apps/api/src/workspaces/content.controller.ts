import { Controller, Get, Inject, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments } from '@palimpsest/documents';
import { asId, CONTENT_STORED, type ContentStored, type FileId, readEvent, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { FileRow } from '@palimpsest/projections';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { PathId } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';
import { sendContent, type ServedContent } from './served-content.js';

/** A file as bytes: what a program wrote, or the text as it is recorded now. */
@Controller('api/workspaces/:id/files/:file/content')
export class ContentController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly documents: RecordedDocuments,
    private readonly blobs: PostgresBlobStore,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** To whoever may see the workspace. Pictures are shown; everything else is to be saved. */
  @Get()
  @Access('workspace.see')
  @ApiOkResponse({
    description: 'The bytes of the file.',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('file') fileId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { file, workspace } = await this.access.requireFile(person, fileId, 'see');
    if (workspace.id !== id) throw new NotFoundException('There is no such file in this workspace.');
    const { revision } = await this.store.streamInfo(streamOf.file(asId<FileId>(file.id)));
    const content = file.kind === 'binary' ? await this.#binary(file, revision) : await this.#text(file, revision);
    sendContent(request, response, content);
  }

  async #text({ id, path }: FileRow, revision: bigint | undefined): Promise<ServedContent> {
    const text = await this.documents.textAt(asId<FileId>(id), revision ?? null);
    return { path, bytes: Buffer.from(text, 'utf8'), isText: true, tag: `${id}-${revision ?? 'new'}` };
  }

  async #binary({ id, path }: FileRow, revision: bigint | undefined): Promise<ServedContent> {
    const stored = revision === undefined ? undefined : await this.#storedAt(asId<FileId>(id), revision);
    const blob = stored && (await this.blobs.get(stored.sha256));
    if (!blob) throw new NotFoundException('The content of this file is not there: the blobs have to be restored.');
    return { path, bytes: blob.bytes, isText: false, tag: blob.sha256 };
  }

  async #storedAt(file: FileId, revision: bigint): Promise<ContentStored['data'] | undefined> {
    for await (const recorded of this.store.readStream(streamOf.file(file), { from: revision, limit: 1 }))
      return recorded.type === CONTENT_STORED ? (readEvent(recorded) as ContentStored).data : undefined;
    return undefined;
  }
}
