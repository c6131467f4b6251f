import { Controller, Get, Inject, NotFoundException, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { asId, ID_PATTERN, type RunId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { DirectoryQueries, ReadModels, type RunFilter, RunQueries, type RunScope } from '@palimpsest/projections';
import { AfterQueryDto, RunDetailDto, RunDto, RunQueryDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { RunAccess } from '../runs/run-access.js';
import { runDto } from '../runs/run-dto.js';
import { namesOf } from '../workspaces/names-of.js';
import { one, sendContent, TEXT_TYPE } from '../workspaces/served-content.js';
import { ActivityAccess } from './activity-access.js';
import { readRunAccount, readRunOutput } from './run-account.js';

/** What of a history is asked for. Throws Problem for a cursor that is none. */
function wanted({ outcome, exception, entry, failed, by, from, until, cursor }: RunQueryDto): Omit<RunFilter, 'limit'> {
  const [micros, run] = decodeCursor(cursor, [/^\d{1,17}$/, ID_PATTERN]) ?? [];
  return {
    ...(outcome !== undefined && { outcome }),
    ...(exception !== undefined && { exception }),
    ...(entry !== undefined && { entry }),
    ...(by !== undefined && { by }),
    onlyErrors: failed === 'true',
    ...(from !== undefined && { from: new Date(from) }),
    ...(until !== undefined && { until: new Date(until) }),
    ...(micros !== undefined && run !== undefined && { before: { micros, run } }),
  };
}

/** Which programs ran, how they ended and what they used: of a workspace, a file, a person; and each of them in full. */
@Controller('api')
export class RunHistoryController {
  constructor(
    private readonly workspaces: WorkspaceAccess,
    private readonly people: ActivityAccess,
    private readonly runAccess: RunAccess,
    private readonly directory: DirectoryQueries,
    private readonly queries: RunQueries,
    private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get('workspaces/:id/runs')
  @Access('workspace.see')
  @Asks(RunQueryDto)
  @Answers(RunDto, { list: true })
  async ofWorkspace(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: RunQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto[]> {
    await waitFor(this.readModels, 'runs', query.after);
    const { workspace } = await this.workspaces.require(person, id, 'see');
    return this.#page({ workspace: workspace.id }, query, undefined, request, response);
  }

  /** The runs that began with this file, whatever it was called then. */
  @Get('files/:id/runs')
  @Access('workspace.see')
  @Asks(RunQueryDto)
  @Answers(RunDto, { list: true })
  async ofFile(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: RunQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto[]> {
    await waitFor(this.readModels, 'runs', query.after);
    const { file } = await this.workspaces.requireFile(person, id, 'see');
    return this.#page({ file: file.id }, query, undefined, request, response);
  }

  /** One's own, or those of a person in a course that one oversees: then only those in it. */
  @Get('people/:id/runs')
  @Access('person.activity')
  @Asks(RunQueryDto)
  @Answers(RunDto, { list: true })
  async ofPerson(
    @Person() asker: Principal,
    @PathId('id') id: string,
    @Query() query: RunQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto[]> {
    await waitFor(this.readModels, 'runs', query.after);
    const { id: person, courses } = await this.people.require(asker, id, request);
    return this.#page({ person }, query, courses, request, response);
  }

  /** One run: how it ended, what it used, printed, was given, raised and left behind. */
  @Get('runs/:id')
  @Access('workspace.see')
  @Asks(AfterQueryDto)
  @Answers(RunDetailDto)
  async run(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<RunDetailDto> {
    await waitFor(this.readModels, 'runs', after);
    const run = await this.runAccess.require(person, id, 'see');
    const [row, account] = await Promise.all([
      this.queries.run(run.id),
      readRunAccount(this.store, asId<RunId>(run.id)),
    ]);
    if (!row) throw new NotFoundException('This run is not in the list yet: try again in a moment.');
    const nameOf = await namesOf(
      this.directory,
      account.inputs.map(({ by }) => by),
    );
    const inputs = account.inputs.map(({ at, by, text }) => ({ at, byName: nameOf(by), text }));
    return { ...runDto(row), ...account, inputs };
  }

  /** All that the run has printed, as the terminal got it. It is a program's own text: shown as text and as nothing else. */
  @Get('runs/:id/output')
  @Access('workspace.see')
  @ApiOkResponse({ description: 'The output.', content: { 'text/plain': { schema: { type: 'string' } } } })
  async output(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.runAccess.require(person, id, 'see');
    const { text, isOver } = await readRunOutput(this.store, asId<RunId>(run.id));
    const bytes = Buffer.from(text, 'utf8');
    await sendContent(request, response, {
      ...{ path: 'output.txt', size: bytes.length, mediaType: TEXT_TYPE, isFixed: isOver },
      tag: `${run.id}-output-${bytes.length}`,
      read: (start, end) => one(bytes.subarray(start, end)),
    });
  }

  async #page(
    scope: RunScope,
    query: RunQueryDto,
    courses: readonly string[] | undefined,
    request: Request,
    response: Response,
  ): Promise<RunDto[]> {
    const filter = { ...wanted(query), ...(courses && { courses }) };
    const page = await pageOf(
      query.limit,
      (most) => this.queries.history(scope, { ...filter, limit: most }),
      (row) => [row.requestedMicros, row.id],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(runDto);
  }
}
