import { Controller, Inject, Put, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { textIn } from '@palimpsest/documents';
import {
  asId,
  checkPath,
  type FileId,
  type FileKind,
  streamOf,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import { PathQueryDto, UploadedDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { randomUUID } from 'node:crypto';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { Rejected } from '../commands/rejected.js';
import type { Configuration } from '../configuration.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { Problem } from '../platform/problem.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { FileWriter } from './file-writer.js';
import type { Holding } from './quota-account.js';
import { receiveBody, type ReceivedBody } from './received-body.js';
import { type Admit, WorkspaceQuota } from './workspace-quota.js';

interface Upload {
  readonly person: Principal;
  readonly open: { readonly id: string; readonly course: string };
  readonly path: string;
  readonly body: ReceivedBody;
  readonly address: string;
  readonly admit: Admit;
}

/** Files from somebody's computer, one a request: each has its own answer, and a part that fails fails alone. */
@Controller('api/workspaces/:id/content')
export class UploadsController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly commands: CommandHandler,
    private readonly quota: WorkspaceQuota,
    private readonly writer: FileWriter,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'fileBytes'>,
  ) {}

  /**
   * Makes the file at `path`, or gives it this content: the same upload again changes nothing. UTF-8 without NUL becomes a
   * co-edited text, everything else is kept as it is; the content before stays in the history.
   */
  @Put()
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @ApiConsumes('application/octet-stream')
  @ApiBody({
    description: 'The bytes of the file.',
    required: true,
    schema: { type: 'string', format: 'binary' },
  })
  @Answers(UploadedDto)
  @Asks(PathQueryDto)
  async put(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { path }: PathQueryDto,
    @Req() request: Request,
  ): Promise<UploadedDto> {
    const { workspace } = await this.access.require(person, id, 'edit');
    const checked = checkPath(path);
    if (!checked.ok) throw new Rejected({ code: 'invalid-path', message: checked.problem });
    const body = await receiveBody(request, this.configuration.fileBytes);
    try {
      return await this.quota.within(workspace, (admit) =>
        this.#store({ person, open: workspace, path: checked.path, body, address: addressOf(request), admit }),
      );
    } finally {
      await body.close();
    }
  }

  async #store(upload: Upload): Promise<UploadedDto> {
    const { open, path, body } = upload;
    const stream = streamOf.workspace(asId<WorkspaceId>(open.id));
    const { state } = await this.commands.load(stream, workspaceDecider);
    const there = fileAt(state, path);
    const bytes = await body.bytes();
    const text = textIn(bytes);
    const kind = text === undefined ? 'binary' : 'text';
    if (there !== undefined && state.binary.has(there) !== (kind === 'binary')) throw clash(path, kind);
    // A path that will be refused is refused before anything is kept.
    const file = there ?? asId<FileId>(randomUUID());
    const command = { kind: 'createFile', file, path, holds: kind } as const;
    const decision = there === undefined ? workspaceDecider.decide(command, state) : undefined;
    if (decision && !decision.accepted) throw new Rejected(decision.rejection);
    await upload.admit(new Map([[file, holdingOf(kind, bytes, body.sha256)]]));
    const context = contextOf(upload.person, 'web', {
      ...{ course: open.course, workspace: open.id, file, address: upload.address },
    });
    // Content first: whoever sees the file in the tree must find it, also after a crash between the two.
    if (text === undefined) await this.writer.writeBinary(file, bytes, context);
    else await this.writer.writeText(file, text, context);
    if (there !== undefined) return { id: file, position: null, kind, path, created: false };
    const { position } = await this.commands.execute(stream, workspaceDecider, command, context);
    return { id: file, position, kind, path, created: true };
  }
}

function fileAt({ files }: WorkspaceState, path: string): FileId | undefined {
  for (const [file, taken] of files) if (taken === path) return file;
  return undefined;
}

function holdingOf(kind: FileKind, bytes: Buffer, sha256: string): Holding {
  return kind === 'text' ? { kind, bytes: bytes.length } : { kind, sha256, bytes: bytes.length };
}

function clash(path: string, kind: FileKind): Problem {
  const [is, brings] = kind === 'text' ? ['a binary file', 'text'] : ['a text', 'no text (UTF-8)'];
  return new Problem(
    409,
    'kind-clash',
    `"${path}" is ${is} here and what was uploaded is ${brings}, so nothing was changed: delete or rename the one that is there, or upload under another name.`,
  );
}
