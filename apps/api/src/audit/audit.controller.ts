import { Controller, ForbiddenException, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { AuditQueries, DirectoryQueries, ReadModels } from '@palimpsest/projections';
import {
  AuditExportQueryDto,
  AuditHistogramDto,
  AuditHistogramQueryDto,
  AuditPageDto,
  AuditQueryDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Answers, Asks } from '../platform/api-description.js';
import { linkNext } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { mayReadAuditLog } from '../policies/policies.js';
import { refusing } from '../policies/refusal.js';
import { entryDto, readQuery } from './audit-entry.js';
import { AuditExport } from './audit-export.js';
import { QueryRecords } from './query-records.js';

const DEFAULT_LIMIT = 100;

@Controller('api/audit')
export class AuditController {
  constructor(
    private readonly queries: AuditQueries,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly records: QueryRecords,
    private readonly exports: AuditExport,
  ) {}

  /** The log, newest first. The query itself is recorded, with the number of rows that it gave. */
  @Get('events')
  @Access('audit.read')
  @Asks(AuditQueryDto)
  @Answers(AuditPageDto)
  async events(
    @Person() person: Principal,
    @Query() { q = '', limit = DEFAULT_LIMIT, before, after }: AuditQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AuditPageDto> {
    requireReader(person);
    const query = readQuery(q);
    await waitFor(this.readModels, 'audit', after);
    const isMore = before !== undefined;
    const [page, types, people] = await Promise.all([
      this.queries.page({ query, now: Date.now(), limit, ...(isMore && { before: Number(before) }) }),
      isMore ? [] : this.queries.types(),
      isMore ? [] : this.directory.everyone(),
    ]);
    await this.records.note(q, page.rows.length, isMore, contextOf(person, 'web', { address: addressOf(request) }));
    const next = page.next === undefined ? null : String(page.next);
    linkNext(request, response, 'before', next);
    return {
      entries: page.rows.map(entryDto),
      next,
      searchedUntil: page.searchedUntil?.toISOString() ?? null,
      types: [...types],
      actors: people.map(({ id, username, displayName }) => ({ id, username, displayName })),
    };
  }

  /** How many there are, over time: of all for what is counted by hour, else of the newest ten thousand. */
  @Get('histogram')
  @Access('audit.read')
  @Asks(AuditHistogramQueryDto)
  @Answers(AuditHistogramDto)
  async histogram(
    @Person() person: Principal,
    @Query() { q = '' }: AuditHistogramQueryDto,
    @Req() request: Request,
  ): Promise<AuditHistogramDto> {
    requireReader(person);
    const found = await this.queries.histogram({ query: readQuery(q), now: Date.now() });
    const { bucketSeconds, buckets, total, isComplete } = found;
    await this.records.note(q, total, true, contextOf(person, 'web', { address: addressOf(request) }));
    const bars = buckets.map(({ at, count }) => ({ at: new Date(at).toISOString(), count }));
    return { bucketSeconds, bars, total, isComplete };
  }

  /** Exactly the rows of the query, newest first, as of one moment, with a manifest: a ZIP archive of both. */
  @Get('export')
  @Access('audit.read')
  @Asks(AuditExportQueryDto)
  @ApiOkResponse({
    description: 'The rows and their manifest as a ZIP archive.',
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  async export(
    @Person() person: Principal,
    @Query() { q, format }: AuditExportQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    requireReader(person);
    const wanted = { query: readQuery(q), format };
    await this.exports.send(person, wanted, contextOf(person, 'web', { address: addressOf(request) }), response);
  }
}

function requireReader({ role }: Principal): void {
  if (mayReadAuditLog(role)) return;
  const refused = new ForbiddenException('Only auditors and administrators read the audit log.');
  throw refusing(refused, { what: 'read the audit log', object: 'event log' });
}
