import { Controller, Get, Inject, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { readEvent, type RunId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { PathId, PathText } from '../platform/api-description.js';
import { isKnown } from '../platform/fixed-answer.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { RunAccess } from './run-access.js';

/**
 * The pictures that a run made, for whoever may see the run. They come out of a student's program: a browser is told to take
 * them for nothing but a picture, and to run nothing that is in them.
 */
@Controller('api/runs/:id/figures')
export class FiguresController {
  constructor(
    private readonly runAccess: RunAccess,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly blobs: PostgresBlobStore,
  ) {}

  @Get(':sha256')
  @Access('workspace.see')
  @ApiOkResponse({
    description: 'The picture.',
    content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
  })
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathText('sha256', /^[0-9a-f]{64}$/) sha256: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.runAccess.require(person, id, 'see');
    // A hash is no permission: the run itself has to have made it.
    const mediaType = await this.#mediaTypeIn(run.id, sha256);
    const blob = mediaType && (await this.blobs.get(sha256));
    if (!blob) throw new NotFoundException('This run has no such figure.');
    if (isKnown(request, response, sha256, true)) return void response.end();
    response.setHeader('Content-Type', mediaType);
    response.setHeader('Content-Length', blob.size);
    response.setHeader('Content-Disposition', `inline; filename="figure-${sha256.slice(0, 8)}.png"`);
    response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.end(blob.bytes);
  }

  async #mediaTypeIn(run: RunId, sha256: string): Promise<string | undefined> {
    for await (const recorded of this.store.readStream(streamOf.run(run))) {
      if (recorded.type !== 'FigureProduced') continue;
      const event = readEvent(recorded);
      if (event.type === 'FigureProduced' && event.data.sha256 === sha256) return event.data.mediaType;
    }
    return undefined;
  }
}
