import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments } from '@palimpsest/documents';
import {
  asId,
  type CollectedFile,
  encodeEvent,
  type FilesCollected,
  type NotKept,
  readEvent,
  type Role,
  type RunEvent,
  type RunId,
  streamOf,
} from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, Unavailable } from '@palimpsest/event-store';
import {
  DirectoryQueries,
  isPassing,
  ProjectionRunner,
  ReadModelBehind,
  ReadModels,
  WRITE_BACK_REACTOR,
} from '@palimpsest/projections';
import type pg from 'pg';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { derivedId } from '../platform/derived-id.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';
import { allows } from '../policies/policies.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { type Admit, WorkspaceQuota } from '../workspaces/workspace-quota.js';
import { BatchWriter, type Outcome } from './batch-writer.js';
import { readRunHistory, type RunHistory } from './run-history.js';
import { WorkspaceTree } from './workspace-tree.js';

/** Tries of a batch before what is left of it is told as not kept; its bytes stay in the blobs. */
const MAX_ATTEMPTS = 5;
const RETRY_MS = 500;
/** Runs whose files are brought in at the same time. */
const RUNS_AT_ONCE = 8;

/** How long the quota is kept from the uploads of people, milliseconds; then it is measured anew. */
const QUOTA_HELD_MS = 1_000;

type Batch = FilesCollected['data'];

/** The process is about to end; the event is taken up again after it. Its code is one that a projection's runner retries. */
class Stopping extends Error {
  readonly code = 'ESTOPPING';
}

/**
 * The reactor that brings what a program wrote into the workspace. The executor has recorded what the folder had; who may
 * write there is asked here, of the same policies as for everybody, when it is done and not when the run was started.
 * What comes of it is recorded in the run's stream, in one append for each batch: that append says that the batch is done.
 */
@Injectable()
export class WriteBack implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(WriteBack.name);
  readonly #runner: ProjectionRunner;
  #stopping = false;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(POOL) pool: pg.Pool,
    @Inject(CONFIGURATION) configuration: Configuration,
    private readonly commands: CommandHandler,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly access: WorkspaceAccess,
    private readonly documents: RecordedDocuments,
    private readonly blobs: PostgresBlobStore,
    private readonly quota: WorkspaceQuota,
  ) {
    const projector = {
      ...WRITE_BACK_REACTOR,
      tables: [],
      ddl: '',
      apply: (event: RecordedEvent) => this.bringIn(event),
      applyAll: (events: readonly RecordedEvent[]) => this.#reactToAll(events),
    };
    this.#runner = new ProjectionRunner({ store, pool, connectionString: configuration.databaseUrl, projector });
  }

  /** Why nothing is brought in any more, for health; empty while it is. */
  faults(): string[] {
    return this.#runner.fault ? [this.#runner.fault.message] : [];
  }

  onModuleInit(): void {
    this.#runner.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    await this.#runner.stop();
  }

  /** The batches of one run keep their order; those of different runs do not wait for each other. */
  async #reactToAll(events: readonly RecordedEvent[]): Promise<void> {
    const byRun = new Map<string, RecordedEvent[]>();
    for (const event of events) {
      if (event.type !== 'FilesCollected') continue;
      byRun.set(event.stream, [...(byRun.get(event.stream) ?? []), event]);
    }
    const waiting = [...byRun.values()];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        for (const event of next) await this.bringIn(event);
    };
    await Promise.all(Array.from({ length: RUNS_AT_ONCE }, work));
  }

  /**
   * Carries out one FilesCollected; a repetition changes nothing. Other events are none of its business.
   *
   * Never gives up for trouble that passes. For trouble with one file, that file is told as not kept; for any other the
   * reactor stops at this event, says so in health, and goes on when an operator has decided.
   */
  async bringIn(event: RecordedEvent): Promise<void> {
    if (event.type !== 'FilesCollected') return;
    const { data } = readEvent(event) as FilesCollected;
    if (data.files.length === 0) return;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#carryOut(event, data, attempt >= MAX_ATTEMPTS);
      } catch (error) {
        if (this.#stopping) throw new Stopping();
        if (attempt > MAX_ATTEMPTS && !passes(error)) throw error;
        this.#log.error(
          `files of ${event.stream}, batch ${data.batch}: ${error instanceof Error ? error.stack : String(error)}`,
        );
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * Math.min(attempt, 10)));
      }
    }
  }

  /** `isLast`: a file that makes trouble is told as not kept. */
  async #carryOut(event: RecordedEvent, data: Batch, isLast: boolean): Promise<void> {
    const id = asId<RunId>(event.stream.slice('run-'.length));
    await this.readModels.waitFor('directory', event.position);
    const history = await readRunHistory(this.store, id, data.batch);
    if (history.isDone) return;
    const role = await this.#roleThatMayWrite(history);
    const context = contextOf(history, id, event.id, role);
    const outcomes =
      role === undefined
        ? data.files.map(({ path }): Outcome => ({ kind: 'notKept', file: { path, reason: 'not-allowed' } }))
        : await this.#writeAll(id, data, history, context, isLast);
    await this.#record(id, data, history, outcomes, context);
  }

  /** Role of the person who started the run if they may write in its workspace now. */
  async #roleThatMayWrite({ run }: RunHistory): Promise<Role | undefined> {
    const person = await this.directory.person(run.by);
    const workspace = await this.directory.workspace(run.workspace);
    if (!person?.active || !workspace) return undefined;
    const role = person.role as Role;
    const right = await this.access.rightOf({ userId: person.id, role }, workspace);
    return allows(right, 'edit') ? role : undefined;
  }

  async #writeAll(
    run: RunId,
    { batch: number, files }: Batch,
    { run: { workspace }, paths }: RunHistory,
    context: CommandContext,
    isLast: boolean,
  ): Promise<Outcome[]> {
    const row = await this.directory.workspace(workspace);
    if (!row) throw new Error(`the directory does not know the workspace ${workspace}`);
    const tree = await WorkspaceTree.load(this.store, this.commands, workspace);
    const parts = { store: this.store, documents: this.documents, blobs: this.blobs };
    const writer = new BatchWriter(parts, { run, number, tree, paths, context });
    const outcomes: Outcome[] = [];
    const writeNext = async (file: CollectedFile, admit: Admit) => {
      if (this.#stopping) throw new Stopping();
      try {
        outcomes.push(await writer.write(file, admit));
      } catch (error) {
        if (!isLast || passes(error)) throw error;
        this.#log.error(`"${file.path}" of run ${run} is not kept: ${String(error)}`);
        outcomes.push({ kind: 'notKept', file: { path: file.path, reason: 'failed' } });
      }
    };
    const waiting = [...files];
    while (waiting.length > 0)
      await this.quota.within(row, async (admit) => {
        const until = Date.now() + QUOTA_HELD_MS;
        for (let next = waiting.shift(); next; next = Date.now() < until ? waiting.shift() : undefined)
          await writeNext(next, admit);
      });
    return outcomes;
  }

  /** One append, whose ids follow from the batch: a repetition changes nothing. */
  async #record(
    id: RunId,
    { batch }: Batch,
    { start }: RunHistory,
    outcomes: readonly Outcome[],
    context: CommandContext,
  ): Promise<void> {
    const ms = start ? Math.max(0, Date.now() - start.startedAt) : 0;
    const refused: NotKept[] = [];
    const events: RunEvent[] = [];
    for (const outcome of outcomes) {
      if (outcome.kind === 'produced') events.push({ type: 'FileProduced', data: { ms, batch, ...outcome.data } });
      else refused.push(outcome.file);
    }
    if (refused.length > 0) events.push({ type: 'FilesNotKept', data: { ms, batch, files: refused } });
    const encoded = events.map((event, index) => ({
      id: derivedId(`run ${id} batch ${batch} result ${index}`),
      ...encodeEvent(event, context),
    }));
    await this.store.append(streamOf.run(id), encoded, { expected: 'any' });
  }
}

/** What the run did, done by the person who started it. */
function contextOf({ run }: RunHistory, id: RunId, causation: string, role: Role | undefined): CommandContext {
  return {
    actor: { id: run.by, role: role ?? 'student', via: 'executor' },
    ...{ course: run.course, workspace: run.workspace, correlation: id, causation },
  };
}

/** The store, the database or the directory may do what was asked a moment later. */
function passes(error: unknown): boolean {
  return error instanceof Unavailable || error instanceof ReadModelBehind || isPassing(error);
}
