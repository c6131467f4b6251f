import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ID_PATTERN } from '@palimpsest/domain';
import {
  type ActivityEntry,
  type ActivityFilter,
  type ActivityKind,
  ActivityQueries,
  type ActivityScope,
  ReadModels,
  type SessionSummary,
} from '@palimpsest/projections';
import {
  ActivityEntryDto,
  PageQueryDto,
  PersonTimelineQueryDto,
  SessionActivityDto,
  TimelineQueryDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { maySeeActivity } from '../policies/policies.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { ActivityAccess } from './activity-access.js';
import { activityInWords, isFailure } from './activity-in-words.js';

const MICROS = /^\d{1,17}$/;

function entryDto(entry: ActivityEntry): ActivityEntryDto {
  const { kind, session, workspace, workspaceName, file, run, count, inserted, removed, person } = entry;
  return {
    ...{ id: entry.entryNo, kind, session, workspace, workspaceName, file, run, count, inserted, removed, by: person },
    at: entry.at.toISOString(),
    until: entry.until?.toISOString() ?? null,
    byName: entry.personName ?? (person === 'system' ? 'Course' : person),
    byProgram: entry.via === 'executor',
    text: activityInWords(entry),
    failed: isFailure(entry),
    path: entry.path ?? (entry.object || null),
    firstRevision: entry.firstRevision,
    lastRevision: entry.lastRevision,
  };
}

function sessionDto(summary: SessionSummary): SessionActivityDto {
  const { session, began, ended, isOver, activeMs, edits, inserted, removed, files, runs, failedRuns } = summary;
  return {
    ...{ session, isOver, edits, inserted, removed, files, runs, failedRuns },
    began: began.toISOString(),
    ended: ended.toISOString(),
    activeSeconds: activeMs / 1000,
  };
}

/** What of a timeline is asked for. Throws Problem for a cursor that is none. */
function wanted({ kinds, from, until, cursor }: TimelineQueryDto): Omit<ActivityFilter, 'limit'> {
  const [micros, entryNo] = decodeCursor(cursor, [MICROS, /^\d{1,18}$/]) ?? [];
  return {
    ...(kinds !== undefined && { kinds: kinds.split(',') as ActivityKind[] }),
    ...(from !== undefined && { from: new Date(from) }),
    ...(until !== undefined && { until: new Date(until) }),
    ...(micros !== undefined && entryNo !== undefined && { before: { micros, entryNo } }),
  };
}

/** What happened in a workspace, or by a person, in one list: typing, runs, file operations, hand-ins, limits, connections. */
@Controller('api')
export class TimelineController {
  constructor(
    private readonly workspaces: WorkspaceAccess,
    private readonly people: ActivityAccess,
    private readonly queries: ActivityQueries,
    private readonly readModels: ReadModels,
  ) {}

  /** Newest first. When others came and went, and what they were refused, only those who oversee the course see. */
  @Get('workspaces/:id/timeline')
  @Access('workspace.history')
  @Asks(TimelineQueryDto)
  @Answers(ActivityEntryDto, { list: true })
  async ofWorkspace(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: TimelineQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ActivityEntryDto[]> {
    await waitFor(this.readModels, 'activity', query.after);
    const { workspace, courseRole } = await this.workspaces.require(person, id, 'see');
    const sight = maySeeActivity(person.role, courseRole) ? {} : { asSeenBy: person.userId };
    return this.#page({ workspace: workspace.id }, { ...wanted(query), ...sight }, query, request, response);
  }

  /** One's own, or that of a person in a course that one oversees: then only what is in it. Newest first. */
  @Get('people/:id/timeline')
  @Access('person.activity')
  @Asks(PersonTimelineQueryDto)
  @Answers(ActivityEntryDto, { list: true })
  async ofPerson(
    @Person() asker: Principal,
    @PathId('id') id: string,
    @Query() query: PersonTimelineQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ActivityEntryDto[]> {
    await waitFor(this.readModels, 'activity', query.after);
    const { id: person, courses } = await this.people.require(asker, id, request);
    const scope = query.session === undefined ? { person } : { person, session: query.session };
    return this.#page(scope, { ...wanted(query), ...(courses && { courses }) }, query, request, response);
  }

  /** The sessions in which the person did something that may be seen, newest first. */
  @Get('people/:id/timeline/sessions')
  @Access('person.activity')
  @Asks(PageQueryDto)
  @Answers(SessionActivityDto, { list: true })
  async sessions(
    @Person() asker: Principal,
    @PathId('id') id: string,
    @Query() { after, limit, cursor }: PageQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionActivityDto[]> {
    await waitFor(this.readModels, 'activity', after);
    const [micros, session] = decodeCursor(cursor, [MICROS, ID_PATTERN]) ?? [];
    const before = micros !== undefined && session !== undefined ? { micros, session } : undefined;
    const { id: person, courses } = await this.people.require(asker, id, request);
    const page = await pageOf(
      limit,
      (most) => this.queries.sessions(person, { limit: most, ...(courses && { courses }), ...(before && { before }) }),
      (row) => [row.beganMicros, row.session],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(sessionDto);
  }

  async #page(
    scope: ActivityScope,
    filter: Omit<ActivityFilter, 'limit'>,
    { limit }: TimelineQueryDto,
    request: Request,
    response: Response,
  ): Promise<ActivityEntryDto[]> {
    const page = await pageOf(
      limit,
      (most) => this.queries.timeline(scope, { ...filter, limit: most }),
      ({ micros, entryNo }) => [micros, entryNo],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(entryDto);
  }
}
