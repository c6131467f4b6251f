import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import {
  asId,
  type CourseId,
  type FileId,
  RESTRICTED_MODULES,
  runDecider,
  type RunFile,
  type RunId,
  streamOf,
  type UserId,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { RequestRunDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import { ModuleRules } from '../courses/module-rules.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, PathId, Takes } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { Access } from '../policies/access.js';
import { RunAccess } from './run-access.js';
import { RunQueue } from './run-queue.js';
import { RunWaits } from './run-waits.js';

@Controller('api')
export class RunsController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly runAccess: RunAccess,
    private readonly commands: CommandHandler,
    private readonly moduleRules: ModuleRules,
    private readonly runQueue: RunQueue,
    private readonly waits: RunWaits,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Asks for a run of exactly what the log has now. Answers when the request is recorded; the run comes by its socket. */
  @Post('runs')
  @Access('workspace.run')
  @Limited('runs-a-minute')
  @Takes(RequestRunDto, {
    workspace: '3f6f2e0a-0a53-4b8e-9d6b-6a3f0a0e7c11',
    mode: 'script',
    entry: 'main.py',
    columns: 80,
    rows: 24,
  })
  @Answers(WrittenDto, { status: 201 })
  async request(
    @Person() person: Principal,
    @Body() body: RequestRunDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { workspace } = await this.access.require(person, body.workspace, 'run');
    const id = asId<RunId>(newId('run'));
    const workspaceId = asId<WorkspaceId>(workspace.id);
    const course = asId<CourseId>(workspace.course);
    const [{ files, folders }, refused] = await Promise.all([
      this.#treeNow(workspaceId),
      this.moduleRules.refusedIn(course),
    ]);
    const run = {
      ...{ id, workspace: workspaceId, course, by: asId<UserId>(person.userId), mode: body.mode, files },
      entry: body.mode === 'script' ? (body.entry ?? 'main.py') : null,
      columns: body.columns ?? 80,
      rows: body.rows ?? 24,
      ...(folders.length > 0 && { folders }),
      refused: refused ?? RESTRICTED_MODULES,
    };
    const context = contextOf(person, 'web', {
      ...{ course: workspace.course, workspace: workspace.id, address: addressOf(request) },
    });
    const command = { kind: 'request', run } as const;
    // Its id is new, so its stream need not be read. That of a repetition is not, which the event store sees by its events' ids.
    const { position } = await this.commands.decideOn(
      streamOf.run(id),
      runDecider,
      command,
      runDecider.initial,
      'noStream',
      context,
    );
    this.waits.asked(id);
    this.runQueue.hasten(id, person.userId);
    return { id, position };
  }

  @Post('runs/:id/cancel')
  @Access('workspace.run')
  @Answers(WrittenDto, { status: 201 })
  async cancel(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<WrittenDto> {
    const run = await this.runAccess.require(person, id, 'run');
    const context = contextOf(person, 'web', {
      workspace: run.workspace,
      course: run.course,
      address: addressOf(request),
    });
    const command = { kind: 'cancel', by: asId<UserId>(person.userId) } as const;
    const { position } = await this.commands.execute(streamOf.run(run.id), runDecider, command, context);
    return { id, position };
  }

  /** The tree and every file's revision, from the log itself: a read model may be a moment behind what was just saved. */
  async #treeNow(workspace: WorkspaceId): Promise<{ files: RunFile[]; folders: string[] }> {
    const { state } = await this.commands.load(streamOf.workspace(workspace), workspaceDecider);
    const files = await Promise.all([...state.files].map(([file, path]) => this.#fileNow(file, path)));
    return { files, folders: [...state.folders] };
  }

  async #fileNow(file: FileId, path: string): Promise<RunFile> {
    const { revision } = await this.store.streamInfo(streamOf.file(file));
    return { file, path, revision: revision === undefined ? null : String(revision) };
  }
}
