import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { AuditQueries, ReadModels } from '@palimpsest/projections';
import { LookDto, PageQueryDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';

/** What was looked at, by the type of the event. */
const WHAT: Readonly<Record<string, LookDto['what']>> = {
  HistoryViewed: 'history',
  WorkspaceViewed: 'workspace',
  ActivityViewed: 'activity',
  MetricsViewed: 'metrics',
};

/** Who has looked at what is one's own. */
@Controller('api/looks')
export class LooksController {
  constructor(
    private readonly queries: AuditQueries,
    private readonly readModels: ReadModels,
  ) {}

  /** Looks of other people into one's personal workspace and at the histories of its files, newest first. */
  @Get()
  @Access('self')
  @Asks(PageQueryDto)
  @Answers(LookDto, { list: true })
  async list(
    @Person() person: Principal,
    @Query() { after, limit, cursor }: PageQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LookDto[]> {
    await waitFor(this.readModels, 'audit', after);
    const [before] = decodeCursor(cursor, [/^\d{1,18}$/]) ?? [];
    const page = await pageOf(
      limit,
      (most) => this.queries.looksAt(person.userId, most, before),
      ({ entryNo }) => [entryNo],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(({ id, at, actorName, actorId, actorRole, type, object }) => ({
      id,
      at: at.toISOString(),
      byName: actorName ?? actorId,
      byRole: actorRole,
      what: WHAT[type] ?? 'workspace',
      object,
    }));
  }
}
