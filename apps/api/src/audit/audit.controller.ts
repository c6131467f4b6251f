import { Controller, ForbiddenException, Get, Query, Req, Res } from '@nestjs/common';
import { isId } from '@palimpsest/domain';
import { type AuditFilter, AuditQueries, type AuditRow, DirectoryQueries, ReadModels } from '@palimpsest/projections';
import { type AuditEntryDto, AuditPageDto, AuditQueryDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Answers, Asks } from '../platform/api-description.js';
import { linkNext } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { mayReadAuditLog } from '../policies/policies.js';
import { Access } from '../policies/access.js';
import { AuditLog } from './audit-log.js';

const DEFAULT_LIMIT = 100;

function entryDto(row: AuditRow): AuditEntryDto {
  const { id, type, actorId, actorRole, via, subjectName, stream, object, summary, address } = row;
  return {
    id,
    at: row.at.toISOString(),
    type,
    actorId,
    actorName: row.actorName ?? actorId,
    actorRole,
    via,
    subjectName,
    stream,
    revision: String(row.revision),
    object,
    summary,
    address,
  };
}

@Controller('api/audit')
export class AuditController {
  constructor(
    private readonly queries: AuditQueries,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly log: AuditLog,
  ) {}

  /** The log, newest first. The query itself is recorded, with the number of rows that it gave. */
  @Get('events')
  @Access('audit.read')
  @Asks(AuditQueryDto)
  @Answers(AuditPageDto)
  async events(
    @Person() person: Principal,
    @Query() query: AuditQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AuditPageDto> {
    if (!mayReadAuditLog(person.role)) {
      const refused = { type: 'AccessRefused', data: { what: 'read the audit log', object: 'event log' } } as const;
      await this.log.record(refused, contextOf(person, 'web', { address: addressOf(request) }));
      throw new ForbiddenException('Only auditors and administrators read the audit log.');
    }
    await waitFor(this.readModels, 'audit', query.after);
    const filter = await this.#filter(query);
    const [rows, types, people] = await Promise.all([
      filter ? this.queries.entries(filter) : [],
      this.queries.types(),
      this.directory.everyone(),
    ]);
    await this.#record(person, query, rows.length, request);
    const oldest = rows.length === filter?.limit ? rows.at(-1) : undefined;
    const next = oldest ? String(oldest.entryNo) : null;
    linkNext(request, response, 'before', next);
    return {
      entries: rows.map(entryDto),
      next,
      types,
      actors: people.map(({ id, username, displayName }) => ({ id, username, displayName })),
    };
  }

  /** Undefined for a person that nobody is called: then nothing matches. */
  async #filter(query: AuditQueryDto): Promise<AuditFilter | undefined> {
    const actor = query.actor === undefined ? undefined : await this.#actorId(query.actor);
    if (query.actor !== undefined && actor === undefined) return undefined;
    return {
      limit: query.limit ?? DEFAULT_LIMIT,
      ...(actor !== undefined && { actor }),
      ...(query.type !== undefined && { type: query.type }),
      ...(query.from !== undefined && { from: new Date(query.from) }),
      ...(query.until !== undefined && { until: new Date(query.until) }),
      ...(query.before !== undefined && { before: BigInt(query.before) }),
    };
  }

  async #actorId(actor: string): Promise<string | undefined> {
    if (isId(actor) || actor === 'system' || actor === 'anonymous') return actor;
    return (await this.directory.personByUsername(actor.toLowerCase()))?.id;
  }

  #record(person: Principal, query: AuditQueryDto, rows: number, request: Request) {
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.log.record(
      {
        type: 'LogQueried',
        data: { query: Object.fromEntries(asked.map(([key, value]) => [key, String(value)])), rows },
      },
      contextOf(person, 'web', { address: addressOf(request) }),
    );
  }
}
