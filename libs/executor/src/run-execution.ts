import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EventMetadata,
  encodeEvent,
  fold,
  readEvent,
  runDecider,
  type RunEvent,
  type RunId,
  type RunOutcome,
  type RunRequested,
  type RunStarted,
  type RunState,
  type RunUsage,
  streamOf,
} from '@palimpsest/domain';
import { type EventStore, StreamNotFound, WrongExpectedVersion } from '@palimpsest/event-store';
import type { RunLimits } from './sandbox/limits.js';
import { RunLog } from './run-log.js';
import { RunSession } from './sandbox/run-session.js';
import { handOver, type Sandbox } from './sandbox/sandbox.js';
import type { SelfTestResult } from './sandbox/self-test.js';
import { layOutWorkspace } from './workspace.js';

/**
 * Theory of operation. An execution takes one run from its request to its end, and everything that happens on the way is
 * an event of the run's stream, in the order in which it happened.
 *
 *   requested ──claim──▶ started ──▶ (script) ──▶ prompt ──▶ finished
 *
 * The claim is RunStarted, appended at the exact revision at which the request was read: of two executors that were given
 * the same job only one gets it, whatever the queue believes. From then on this executor alone writes output and the end.
 * Input, resizing and the wish to stop come from people, through the same stream, which the execution follows: what reaches
 * the program was recorded before. If somebody else writes RunFinished (another executor that took this one for dead), the
 * execution ends its program and writes nothing more.
 */
export interface ExecutionEnvironment {
  readonly store: EventStore;
  readonly sandbox: Sandbox;
  readonly selfTest: SelfTestResult;
  readonly limits: RunLimits;
  /** Folder in which each run has one of its own, by its id. */
  readonly runsFolder: string;
  /** Name of this executor in the log. */
  readonly name: string;
}

type Request = RunRequested['data'];

interface Loaded {
  readonly state: RunState;
  readonly revision: bigint;
}

export class RunExecution {
  /** Resolves when the script has ended, or the whole run: it no longer holds a place in the queue. */
  readonly scriptEnded: Promise<void>;
  readonly #environment: ExecutionEnvironment;
  readonly #id: RunId;
  readonly #stream: string;
  readonly #following = new AbortController();
  #resolveScriptEnded: () => void = () => {};
  #session: RunSession | undefined;
  #cancelled = false;
  #superseded = false;
  #lastInputAt = performance.now();

  constructor(environment: ExecutionEnvironment, id: RunId) {
    this.#environment = environment;
    this.#id = id;
    this.#stream = streamOf.run(id);
    this.scriptEnded = new Promise((resolve) => (this.#resolveScriptEnded = resolve));
  }

  get id(): RunId {
    return this.#id;
  }

  get isPrompt(): boolean {
    return this.#session?.isPrompt ?? false;
  }

  /** Milliseconds since somebody last typed something. */
  get idleMs(): number {
    return performance.now() - this.#lastInputAt;
  }

  /** Ends the program for a reason of the executor's. */
  stop(outcome: RunOutcome): void {
    this.#session?.stop(outcome);
  }

  /** Carries the run out. Resolves at its end; rejects only for faults of the store that do not pass. */
  async run(): Promise<void> {
    try {
      const claimed = await this.#claim();
      if (claimed) await this.#execute(claimed.request, claimed.start, claimed.revision);
    } finally {
      this.#following.abort();
      this.#resolveScriptEnded();
    }
  }

  /** Starts the run in the log, or ends one that cannot be started. Undefined: it is not ours to run. */
  async #claim(): Promise<{ request: Request; start: RunStarted['data']; revision: bigint } | undefined> {
    const { selfTest, name } = this.#environment;
    for (;;) {
      const { state, revision } = await this.#load();
      if (state.kind === 'none' || state.kind === 'finished') return undefined;
      // The queue gives a job again only when it takes the executor that had it for dead.
      const ending: RunOutcome | undefined =
        state.kind === 'running'
          ? { kind: 'interrupted' }
          : state.cancelled
            ? { kind: 'cancelled' }
            : selfTest.level === 'none'
              ? { kind: 'refused', reason: selfTest.reason }
              : undefined;
      const start = { executor: name, attempt: randomUUID(), sandbox: selfTest.level, startedAt: Date.now() };
      const event: RunEvent = ending
        ? { type: 'RunFinished', data: { outcome: ending, usage: null } }
        : { type: 'RunStarted', data: start };
      const appended = await this.#appendAt(event, state.run, revision);
      if (appended !== undefined) return ending ? undefined : { request: state.run, start, revision: appended };
    }
  }

  /** The new revision, or undefined when somebody else wrote first. */
  async #appendAt(event: RunEvent, request: Request, expected: bigint): Promise<bigint | undefined> {
    const events = [{ id: randomUUID(), ...encodeEvent(event, metadataOf(request)) }];
    try {
      return (await this.#environment.store.append(this.#stream, events, { expected })).revision;
    } catch (error) {
      if (error instanceof WrongExpectedVersion) return undefined;
      throw error;
    }
  }

  async #load(): Promise<Loaded> {
    let state = runDecider.initial;
    let revision = -1n;
    try {
      for await (const recorded of this.#environment.store.readStream(this.#stream)) {
        state = fold(runDecider, [readEvent(recorded) as RunEvent], state);
        revision = recorded.revision;
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return { state, revision };
  }

  async #execute(request: Request, start: RunStarted['data'], startRevision: bigint): Promise<void> {
    const log = new RunLog(this.#environment.store, this.#stream, metadataOf(request), () => this.#session);
    const following = this.#follow(startRevision);
    const end = await this.#runProgram(request, start, log).catch((error: unknown) => failure(error));
    await log.flushed();
    if (!this.#superseded) log.event({ type: 'RunFinished', data: end });
    await log.flushed();
    this.#following.abort();
    await following;
  }

  async #runProgram(
    request: Request,
    start: RunStarted['data'],
    log: RunLog,
  ): Promise<{ outcome: RunOutcome; usage: RunUsage | null }> {
    const { sandbox, limits, runsFolder, store } = this.#environment;
    const folder = join(runsFolder, this.#id);
    const workspace = join(folder, 'workspace');
    await mkdir(workspace, { recursive: true, mode: 0o755 });
    for (const path of [folder, workspace]) await handOver(sandbox, path);
    await layOutWorkspace(store, workspace, request.files, (path) => handOver(sandbox, path));
    if (this.#cancelled) return { outcome: { kind: 'cancelled' }, usage: null };
    const decoder = new TextDecoder('utf-8'); // broken UTF-8 becomes U+FFFD
    const now = () => Math.max(0, Date.now() - start.startedAt);
    const session = await RunSession.start(sandbox, {
      id: this.#id,
      mode: request.mode,
      entry: request.entry,
      folder,
      columns: request.columns,
      rows: request.rows,
      limits,
      onOutput: (bytes) => log.output(now(), decoder.decode(bytes, { stream: true })),
      onPrompt: (script) => {
        log.event({ type: 'ReplEntered', data: { ms: now(), script } });
        this.#resolveScriptEnded();
      },
    });
    this.#session = session;
    if (this.#cancelled) session.stop({ kind: 'cancelled' });
    const end = await session.ended;
    log.output(now(), decoder.decode());
    return end;
  }

  /** What people send to the program, from the stream. Survives restarts of the store. */
  async #follow(after: bigint): Promise<void> {
    const { signal } = this.#following;
    for await (const item of this.#environment.store.subscribeStream(this.#stream, { after, signal }))
      if (item.kind === 'event') this.#receive(readEvent(item.event) as RunEvent);
  }

  #receive(event: RunEvent): void {
    switch (event.type) {
      case 'InputProvided':
        this.#lastInputAt = performance.now();
        this.#session?.write(event.data.text);
        return;
      case 'TerminalResized':
        this.#session?.resize(event.data.columns, event.data.rows);
        return;
      case 'RunCancelled':
        this.#cancelled = true;
        this.#session?.stop({ kind: 'cancelled' });
        return;
      case 'RunFinished':
        this.#superseded = true;
        this.#session?.stop({ kind: 'interrupted' });
        return;
      case 'RunRequested':
      case 'RunStarted':
      case 'OutputEmitted':
      case 'ReplEntered':
    }
  }
}

function metadataOf(request: Request): Omit<EventMetadata, 'v'> {
  return {
    actor: { id: 'system', role: 'system', via: 'executor' },
    subject: request.by,
    course: request.course,
    workspace: request.workspace,
    correlation: request.id,
  };
}

/** Our fault, told to the student as such; the details go to the log of the process. */
function failure(error: unknown): { outcome: RunOutcome; usage: null } {
  console.error('run failed:', error);
  const reason = error instanceof Error ? error.message : String(error);
  return { outcome: { kind: 'failed', reason: reason.slice(0, 300) }, usage: null };
}

/**
 * Ends a run that an executor left unfinished when it was killed: what it had printed is in the log and stays. Does nothing
 * for one that had not been started, since the queue will give it to somebody.
 */
export async function endInterrupted(environment: ExecutionEnvironment, id: RunId): Promise<void> {
  const { store } = environment;
  let state: RunState = runDecider.initial;
  let last = -1n;
  for await (const recorded of store.readStream(streamOf.run(id))) {
    state = fold(runDecider, [readEvent(recorded) as RunEvent], state);
    last = recorded.revision;
  }
  if (state.kind !== 'running') return;
  const event: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'interrupted' }, usage: null } };
  await store.append(streamOf.run(id), [{ id: randomUUID(), ...encodeEvent(event, metadataOf(state.run)) }], {
    expected: last,
  });
}
