import { randomUUID } from 'node:crypto';
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
import type { BlobStore } from '@palimpsest/blobs';
import { type EventStore, StreamNotFound, Unavailable, WrongExpectedVersion } from '@palimpsest/event-store';
import type { RunLimits } from './sandbox/limits.js';
import { markLaidOut, unmark } from './files/left-over-files.js';
import { RunFiles } from './files/run-files.js';
import type { Png } from './sandbox/png.js';
import { RunLog } from './run-log.js';
import { RunSession } from './sandbox/run-session.js';
import type { SandboxPool } from './sandbox/sandbox-pool.js';
import type { SelfTestResult } from './sandbox/self-test.js';
import type { StartedSandbox } from './sandbox/started-sandbox.js';
import { type FileContents, layOutWorkspace } from './workspace.js';

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
  /** What files hold at the revisions that a run names. */
  readonly contents: FileContents;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly sandboxes: SandboxPool;
  readonly selfTest: SelfTestResult;
  readonly limits: RunLimits;
  /** Name of this executor in the log. */
  readonly name: string;
  /** Whether the executor of this name is at work somewhere. Of the own name: whether this process carries out that run. */
  isAtWork(executor: string, run: RunId): Promise<boolean>;
}

/** How long to wait before a store that is away is asked again, milliseconds. */
const RETRY_MS = 500;

type Request = RunRequested['data'];

interface Loaded {
  readonly state: RunState;
  readonly revision: bigint;
}

/** A run that is this executor's to carry out. */
interface Claimed {
  readonly request: Request;
  readonly start: RunStarted['data'];
  /** Of RunStarted. */
  readonly revision: bigint;
  readonly place: Promise<StartedSandbox>;
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
  #log: RunLog | undefined;
  /** Why the program has to end; set before there is one, too. */
  #stopped: RunOutcome | undefined;
  /** Typed after the run was started in the log and before the program was there. */
  #early: string[] = [];
  #size: { readonly columns: number; readonly rows: number } | undefined;
  #lastInputAt = performance.now();
  #by: string | undefined;
  #handedBack = false;

  constructor(environment: ExecutionEnvironment, id: RunId) {
    this.#environment = environment;
    this.#id = id;
    this.#stream = streamOf.run(id);
    this.scriptEnded = new Promise((resolve) => (this.#resolveScriptEnded = resolve));
  }

  get id(): RunId {
    return this.#id;
  }

  /** Who asked for it; undefined before the claim. */
  get by(): string | undefined {
    return this.#by;
  }

  /** Its outermost process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#session?.pid;
  }

  /** It was stopped before it was claimed: somebody else is to carry it out. */
  get isHandedBack(): boolean {
    return this.#handedBack;
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
    this.#stopped ??= outcome;
    this.#session?.stop(outcome);
  }

  /** Carries the run out. Resolves at its end; rejects only for faults of the store that do not pass. */
  async run(): Promise<void> {
    try {
      const claimed = await this.#claim().catch((error: unknown) => this.#handBack(error));
      if (claimed) await this.#execute(claimed);
    } finally {
      this.#following.abort();
      this.#resolveScriptEnded();
    }
  }

  /** An executor that stops while the store is away leaves the run to the next one. */
  #handBack(error: unknown): undefined {
    if (!(error instanceof Unavailable) || !this.#stopped) throw error;
    this.#handedBack = true;
    return undefined;
  }

  /** Starts the run in the log, or ends one that cannot be started. Undefined: it is not ours to run. */
  async #claim(): Promise<Claimed | undefined> {
    const { selfTest } = this.#environment;
    // Most jobs are ours to run: it starts while that is asked.
    const sandbox = selfTest.level === 'none' ? undefined : new ReservedSandbox(this.#environment.sandboxes);
    try {
      return await this.#claimWith(sandbox);
    } finally {
      await sandbox?.giveBack();
    }
  }

  async #claimWith(sandbox: ReservedSandbox | undefined): Promise<Claimed | undefined> {
    const { store, selfTest, name } = this.#environment;
    const stopped = () => this.#stopped !== undefined;
    for (;;) {
      const { state, revision } = await untilAvailable(() => loadRun(store, this.#id), stopped);
      if (state.kind === 'none' || state.kind === 'finished') return undefined;
      const ending = await untilAvailable(() => this.#endingOf(state, selfTest), stopped);
      if (ending === 'not-ours') return undefined;
      this.#handedBack = stopped();
      if (this.#handedBack) return undefined;
      const start = { executor: name, attempt: randomUUID(), sandbox: selfTest.level, startedAt: Date.now() };
      const event: RunEvent = ending
        ? { type: 'RunFinished', data: { outcome: ending, usage: null } }
        : { type: 'RunStarted', data: start };
      const place = ending ? undefined : this.#prepare(state.run, sandbox);
      const appended = await appendAt(store, event, state.run, revision, stopped).catch(async (error) => {
        await discard(place);
        throw error;
      });
      if (appended !== undefined) return place && { request: state.run, start, revision: appended, place };
      await discard(place);
    }
  }

  /** A sandbox with the files, made ready while the claim is under way. The program starts when that is recorded. */
  #prepare(request: Request, reserved: ReservedSandbox | undefined): Promise<StartedSandbox> {
    const { sandboxes, contents } = this.#environment;
    const place = (reserved?.take() ?? sandboxes.take()).then(async (sandbox) => {
      try {
        await layOutWorkspace(contents, sandbox.workspace, request, (path) => sandbox.handOver(path));
        return sandbox;
      } catch (error) {
        await sandbox.dispose();
        throw error;
      }
    });
    place.catch(() => undefined); // whoever awaits it is told
    return place;
  }

  /**
   * How a run ends that is not to be started; undefined for one that is. The queue gives a job again when it has not heard
   * of its executor for a while, which is no proof of its death: only one that is not at work any more is given up.
   */
  async #endingOf(
    state: Extract<RunState, { kind: 'queued' | 'running' }>,
    selfTest: SelfTestResult,
  ): Promise<RunOutcome | 'not-ours' | undefined> {
    if (state.kind === 'running') {
      const atWork = await this.#environment.isAtWork(state.start.executor, this.#id);
      return atWork ? 'not-ours' : { kind: 'interrupted' };
    }
    if (state.cancelled) return { kind: 'cancelled' };
    return selfTest.level === 'none' ? { kind: 'refused', reason: selfTest.reason } : undefined;
  }

  async #execute({ request, start, revision, place }: Claimed): Promise<void> {
    this.#by = request.by;
    const log = new RunLog(this.#environment.store, this.#stream, metadataOf(request), {
      pause: () => this.#session?.pause(),
      resume: () => this.#session?.resume(),
      fault: (error) => this.stop(failure(error).outcome),
    });
    this.#log = log;
    const following = this.#follow(revision);
    const end = await this.#runProgram(request, start, log, place).catch(failure);
    log.event({ type: 'RunFinished', data: end });
    await log.flushed();
    this.#following.abort();
    await following;
  }

  async #runProgram(
    request: Request,
    start: RunStarted['data'],
    log: RunLog,
    place: Promise<StartedSandbox>,
  ): Promise<{ outcome: RunOutcome; usage: RunUsage | null }> {
    const { limits, sandboxes, blobs } = this.#environment;
    const sandbox = await place;
    await sandboxes.assign(sandbox, this.#id);
    if (this.#stopped) {
      await sandbox.dispose();
      return { outcome: this.#stopped, usage: null };
    }
    const decoder = new TextDecoder('utf-8'); // broken UTF-8 becomes U+FFFD
    const now = () => Math.max(0, Date.now() - start.startedAt);
    const record = (event: RunEvent) => log.event(event);
    const files = new RunFiles({ folder: sandbox.workspace, files: request.files, blobs, now, record });
    await files.begin();
    await markLaidOut(sandbox.folder);
    const session = await RunSession.start(sandbox, {
      mode: request.mode,
      entry: request.entry,
      columns: request.columns,
      rows: request.rows,
      limits,
      onOutput: (bytes) => log.output(now(), decoder.decode(bytes, { stream: true })),
      onPrompt: (script) => {
        log.event({ type: 'ReplEntered', data: { ms: now(), script } });
        this.#resolveScriptEnded();
      },
      onPause: () => files.paused(),
      onEnded: async () => {
        await files.end();
        await log.flushed();
        await unmark(sandbox.folder);
      },
      refused: request.refused ?? [],
      onError: (error) => log.event({ type: 'ErrorRaised', data: { ms: now(), ...error } }),
      onFigure: (figure) => log.later(keepFigure(this.#environment.blobs, now(), figure)),
    });
    this.#session = session;
    this.#begin(session);
    const end = await session.ended;
    log.output(now(), decoder.decode());
    return end;
  }

  /** Hands over what came while the program was not there yet. */
  #begin(session: RunSession): void {
    if (this.#stopped) return session.stop(this.#stopped);
    if (this.#size) session.resize(this.#size.columns, this.#size.rows);
    for (const text of this.#early.splice(0)) session.write(text);
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
        if (this.#session) this.#session.write(event.data.text);
        else this.#early.push(event.data.text);
        return;
      case 'TerminalResized':
        this.#size = event.data;
        this.#session?.resize(event.data.columns, event.data.rows);
        return;
      case 'RunCancelled':
        this.stop({ kind: 'cancelled' });
        return;
      case 'RunFinished':
        // Ours comes back as well, at the very end. Another's: it took this executor for dead, and its word stands.
        this.#log?.discard();
        this.stop({ kind: 'interrupted' });
        return;
      case 'RunRequested':
      case 'RunStarted':
      case 'OutputEmitted':
      case 'ReplEntered':
      case 'FilesCollected':
      case 'FileProduced':
      case 'FilesNotKept':
      case 'ErrorRaised':
      case 'FigureProduced':
    }
  }
}

/** A sandbox for a run that is likely to need one. */
class ReservedSandbox {
  #sandbox: Promise<StartedSandbox> | undefined;

  constructor(sandboxes: SandboxPool) {
    this.#sandbox = sandboxes.take();
    this.#sandbox.catch(() => undefined); // whoever takes it is told
  }

  /** Undefined if it was taken before. */
  take(): Promise<StartedSandbox> | undefined {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    return sandbox;
  }

  /** Ends it unless it was taken. */
  async giveBack(): Promise<void> {
    await discard(this.take());
  }
}

/** The event of a plot, once its bytes are kept. A plot that cannot be kept is missing; the run goes on. */
async function keepFigure(
  blobs: Pick<BlobStore, 'put'>,
  ms: number,
  { bytes, width, height }: Png,
): Promise<RunEvent | undefined> {
  try {
    const mediaType = 'image/png';
    const sha256 = await blobs.put(bytes, mediaType);
    return { type: 'FigureProduced', data: { ms, sha256, mediaType, bytes: bytes.byteLength, width, height } };
  } catch (error) {
    console.error('a plot is lost:', error);
    return undefined;
  }
}

/** What was made ready for a run that is somebody else's. */
async function discard(place: Promise<StartedSandbox> | undefined): Promise<void> {
  const sandbox = await place?.catch(() => undefined);
  await sandbox?.dispose();
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
 * for one that had not been started, since the queue will give it to somebody. Tells whether it was this call that ended it.
 */
export async function endInterrupted(store: EventStore, id: RunId): Promise<boolean> {
  for (;;) {
    const { state, revision } = await loadRun(store, id);
    if (state.kind !== 'running') return false;
    const event: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'interrupted' }, usage: null } };
    if ((await appendAt(store, event, state.run, revision)) !== undefined) return true;
  }
}

async function loadRun(store: EventStore, id: RunId): Promise<Loaded> {
  let state = runDecider.initial;
  let revision = -1n;
  try {
    for await (const recorded of store.readStream(streamOf.run(id))) {
      state = fold(runDecider, [readEvent(recorded) as RunEvent], state);
      revision = recorded.revision;
    }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  }
  return { state, revision };
}

/** Asks again as long as the store is away, and nobody has given up. */
async function untilAvailable<T>(ask: () => Promise<T>, givenUp: () => boolean = () => false): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unavailable) || givenUp()) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** The new revision, or undefined when somebody else wrote first. The id stays the same: an append that was not answered counts. */
async function appendAt(
  store: EventStore,
  event: RunEvent,
  request: Request,
  expected: bigint,
  givenUp?: () => boolean,
): Promise<bigint | undefined> {
  const events = [{ id: randomUUID(), ...encodeEvent(event, metadataOf(request)) }];
  const stream = streamOf.run(request.id);
  try {
    return (await untilAvailable(() => store.append(stream, events, { expected }), givenUp)).revision;
  } catch (error) {
    if (error instanceof WrongExpectedVersion) return undefined;
    throw error;
  }
}
