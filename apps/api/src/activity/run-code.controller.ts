import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { RunCodeDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, PathId, PathText } from '../platform/api-description.js';
import { isKnown } from '../platform/fixed-answer.js';
import { Access } from '../policies/access.js';
import { RunAccess } from '../runs/run-access.js';
import { RecordedFiles } from '../workspaces/recorded-content.js';
import { sendContent, servedOf } from '../workspaces/served-content.js';
import { RunCode } from './run-code.js';

/** Changes when the answer for the same run would be another one. */
const TREE_FORMAT = 1;

/** The code that a run ran. It never changes, so a browser need not ask again; who may see it is asked each time it does. */
@Controller('api/runs/:id/code')
export class RunCodeController {
  constructor(
    private readonly runAccess: RunAccess,
    private readonly code: RunCode,
    private readonly files: RecordedFiles,
  ) {}

  /** The tree, with the revision and the hash of each file. */
  @Get()
  @Access('workspace.see')
  @Answers(RunCodeDto)
  async tree(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunCodeDto | undefined> {
    const run = await this.runAccess.require(person, id, 'see');
    if (isKnown(request, response, `${run.id}-code-${TREE_FORMAT}`, true)) return undefined;
    return this.code.tree(run);
  }

  /** One file, byte by byte as the run had it. Slashes in the path are written as `%2F`. */
  @Get(':path')
  @Access('workspace.see')
  @ApiOkResponse({
    description: 'The bytes of the file.',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  async file(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathText('path', /^.{1,1000}$/s) path: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.runAccess.require(person, id, 'see');
    const { file, content } = await this.code.content(run, path);
    await sendContent(request, response, await servedOf(this.files, { path, id: file.file, content, isFixed: true }));
  }
}
