import { Controller, Get, Inject, Req } from '@nestjs/common';
import { asId, type FileId, type RunId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { DirectoryQueries, RunQueries } from '@palimpsest/projections';
import { type AuthorDto, FileHistoryDto, type HistoryRunDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { Looks } from '../audit/looks.js';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Answers, PathId } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';
import { readTimeline, type TimelineAuthor } from './file-timeline.js';
import { readRunTimeline } from './run-timeline.js';

/** Runs in one history, the newest. */
const MAX_RUNS = 200;

@Controller('api/files/:file')
export class ReplayController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly directory: DirectoryQueries,
    private readonly runs: RunQueries,
    private readonly looks: Looks,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Everything that happened to the file and the runs beside it. The look itself is recorded before it is granted. */
  @Get('history')
  @Access('workspace.history')
  @Answers(FileHistoryDto)
  async history(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Req() request: Request,
  ): Promise<FileHistoryDto> {
    const { file, workspace } = await this.access.requireFile(person, id, 'see');
    await this.looks.note(
      { type: 'HistoryViewed', data: { file: file.id, path: file.path } },
      contextOf(person, 'web', {
        ...{ course: workspace.course, workspace: workspace.id, file: file.id },
        ...(workspace.owner !== person.userId && { subject: workspace.owner }),
        address: addressOf(request),
      }),
    );
    const [timeline, runs] = await Promise.all([
      readTimeline(this.store, asId<FileId>(file.id)),
      this.#runs(workspace.id),
    ]);
    return {
      file: file.id,
      path: file.path,
      authors: await this.#named(timeline.authors),
      edits: [...timeline.edits],
      runs,
      readAt: new Date().toISOString(),
    };
  }

  async #runs(workspace: string): Promise<HistoryRunDto[]> {
    const rows = await this.runs.ofWorkspace(workspace, MAX_RUNS);
    const timelines = await Promise.all(rows.map(({ id }) => readRunTimeline(this.store, asId<RunId>(id))));
    return rows
      .flatMap(({ id, byName, entry }, index) => {
        const timeline = timelines[index];
        return timeline ? [{ id, byName, entry, ...timeline }] : [];
      })
      .reverse();
  }

  async #named(authors: readonly TimelineAuthor[]): Promise<AuthorDto[]> {
    const people = await this.directory.people(authors.map(({ id }) => id).filter((id) => id !== 'system'));
    const names = new Map(people.map(({ id, displayName }) => [id, displayName]));
    return authors.map(({ id, role }) => ({ id, role, name: names.get(id) ?? (id === 'system' ? 'Course' : id) }));
  }
}
