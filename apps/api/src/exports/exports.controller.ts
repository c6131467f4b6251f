import { Controller, Get, Inject, NotFoundException, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments } from '@palimpsest/documents';
import type { EventStore } from '@palimpsest/event-store';
import {
  EventLines,
  gitBundle,
  gitHistory,
  ProgSnap2Dataset,
  sharedWith,
  type Share,
  type Source,
  sourcesOfCourse,
  sourcesOfWork,
} from '@palimpsest/exports';
import type { RecordedEvent } from '@palimpsest/event-store';
import { ExportQueries } from '@palimpsest/projections';
import { EventsExportQueryDto, ProgSnap2QueryDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Readable } from 'node:stream';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { Asks, PathId } from '../platform/api-description.js';
import { CONFIGURATION, EVENT_STORE } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { mayReadAuditLog } from '../policies/policies.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { VERSION } from '../version.js';
import { ExportAccess } from './export-access.js';
import { type AskedExport, closed, ExportDesk } from './export-desk.js';
import { OwnData } from './own-data.js';
import { addFolder, zippedExport } from './zipped-export.js';

const ZIP = 'application/zip';
const BYTES = 'application/octet-stream';

const Gives = (mediaType: string, description: string) =>
  ApiOkResponse({ description, content: { [mediaType]: { schema: { type: 'string', format: 'binary' } } } });

/** What leaves the classroom as a whole: courses, workspaces, and what there is of one person. */
@Controller('api')
export class ExportsController {
  constructor(
    private readonly desk: ExportDesk,
    private readonly access: ExportAccess,
    private readonly workspaces: WorkspaceAccess,
    private readonly queries: ExportQueries,
    private readonly documents: RecordedDocuments,
    private readonly blobs: PostgresBlobStore,
    private readonly ownData: OwnData,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Everything that was done in the course, for research: docs/EXPORTS.md. Under pseudonyms, unless `identified`. */
  @Get('courses/:id/exports/progsnap2')
  @Access('export.course')
  @Asks(ProgSnap2QueryDto)
  @Gives(ZIP, 'A dataset in ProgSnap2 v1.0 as a ZIP archive.')
  async progSnap2(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: ProgSnap2QueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { mode = 'strict' } = query;
    const identified = query.identified === 'true';
    await this.access.requireCourse(person, id, identified);
    const scope = await this.#course(id);
    const asked: AskedExport = {
      ...{ format: 'progsnap2', object: `course ${id}`, query: asText({ ...query, mode }) },
      ...{ file: `${scope.title} (ProgSnap2, ${mode}).zip`, mediaType: ZIP },
    };
    await this.desk.send(asked, contextFor(person, request, { course: id }), response, (folder, signal) => {
      const dataset = new ProgSnap2Dataset(
        {
          ...{ store: this.store, documents: this.documents, scope, mode, identified, version: VERSION, signal },
          ...{ key: Buffer.from(this.configuration.secretKey), ...spanOf(query) },
        },
        folder,
      );
      return zippedExport(
        'MainTable.csv',
        dataset.mainTable(),
        () => dataset.rows,
        (zip) => addFolder(zip, folder),
      );
    });
  }

  /** The events of a course: its own, its items', its workspaces', files' and runs'. */
  @Get('courses/:id/exports/events')
  @Access('export.course')
  @Asks(EventsExportQueryDto)
  @Gives(ZIP, 'events.jsonl and manifest.json as a ZIP archive.')
  async courseEvents(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: EventsExportQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.access.requireCourse(person, id, false);
    const scope = await this.#course(id);
    const share = sharedWith(person.userId, mayReadAuditLog(person.role));
    const asked = eventsAsked(`course ${id}`, `${scope.title} (events).zip`, query);
    const context = contextFor(person, request, { course: id });
    await this.#sendEvents(asked, context, response, sourcesOfCourse(scope), share, query);
  }

  /** The history of a workspace as a Git repository: `git clone` takes the file. */
  @Get('workspaces/:id/exports/git')
  @Access('workspace.history')
  @Gives(BYTES, 'A bundle of Git.')
  async git(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { workspace } = await this.workspaces.require(person, id, 'see');
    const { course, name } = workspace;
    const asked: AskedExport = {
      ...{ format: 'git', object: `workspace ${id}`, query: {}, file: `${name}.bundle`, mediaType: BYTES },
    };
    const context = contextFor(person, request, { course, workspace: id });
    const scope = await this.queries.workspace(id);
    await this.desk.send(asked, context, response, async (folder, signal) => {
      const { store, documents, blobs } = this;
      const history = await gitHistory({ store, documents, blobs, scope, signal }, folder);
      const stream = Readable.from(gitBundle(history), { objectMode: false });
      return { stream, rows: () => history.commits, ended: () => closed(stream) };
    });
  }

  /** The events of a workspace, its files and its runs. */
  @Get('workspaces/:id/exports/events')
  @Access('workspace.history')
  @Asks(EventsExportQueryDto)
  @Gives(ZIP, 'events.jsonl and manifest.json as a ZIP archive.')
  async workspaceEvents(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: EventsExportQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { workspace } = await this.workspaces.require(person, id, 'see');
    const scope = await this.queries.workspace(id);
    const share = sharedWith(person.userId, mayReadAuditLog(person.role));
    const asked = eventsAsked(`workspace ${id}`, `${workspace.name} (events).zip`, query);
    const context = contextFor(person, request, { course: workspace.course, workspace: id });
    await this.#sendEvents(asked, context, response, sourcesOfWork(scope), share, query);
  }

  /** Everything that there is of one person: their events, and their work as it is now. */
  @Get('people/:id/exports/events')
  @Access('export.person')
  @Gives(ZIP, 'events.jsonl, the files and manifest.json as a ZIP archive.')
  async personEvents(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.access.requirePerson(person, id);
    const asked = eventsAsked(`person ${id}`, 'My data.zip', {});
    const context = contextFor(person, request, { ...(id !== person.userId && { subject: id }) });
    await this.desk.send(asked, context, response, (_, signal) => this.ownData.of(id, signal));
  }

  async #course(id: string) {
    const scope = await this.queries.course(id);
    if (!scope) throw new NotFoundException('There is no such course, or it is not yours to see.');
    return scope;
  }

  #sendEvents(
    asked: AskedExport,
    context: CommandContext,
    response: Response,
    sources: readonly Source[],
    share: (event: RecordedEvent) => Share,
    query: EventsExportQueryDto,
  ): Promise<void> {
    return this.desk.send(asked, context, response, (_, signal) => {
      const said = { of: asked.object, ...asked.query };
      const lines = new EventLines({ store: this.store, sources, share, query: said, signal, ...spanOf(query) });
      return zippedExport(
        'events.jsonl',
        lines.lines(),
        () => lines.count,
        async (zip) => zip.addBuffer(Buffer.from(JSON.stringify(await lines.manifest(), null, 2)), 'manifest.json'),
      );
    });
  }
}

function eventsAsked(object: string, file: string, query: EventsExportQueryDto): AskedExport {
  return { format: 'jsonl', object, query: asText({ ...query }), file, mediaType: ZIP };
}

function contextFor(person: Principal, request: Request, more: Partial<CommandContext>): CommandContext {
  return contextOf(person, 'web', { ...more, address: addressOf(request) });
}

function spanOf({ from, until }: EventsExportQueryDto): { readonly from?: Date; readonly until?: Date } {
  return {
    ...(from !== undefined && { from: new Date(from) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

function asText(query: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
