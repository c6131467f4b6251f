import { HttpException, Inject, Logger } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { asId, type RunCommand, runDecider, type RunId, streamOf, type UserId } from '@palimpsest/domain';
import { type EventStore, WrongExpectedVersion } from '@palimpsest/event-store';
import { DirectoryQueries } from '@palimpsest/projections';
import {
  CLOSE,
  parseRunClientMessage,
  RUN_SOCKET_MAX_PAYLOAD,
  type RunClientMessage,
  type RunServerMessage,
} from '@palimpsest/protocol';
import type { WebSocket } from 'ws';
import { RefusalRecords } from '../audit/refusal-records.js';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { PersonLimits } from '../collaboration/person-limits.js';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { allows } from '../policies/policies.js';
import { type Grant, PermissionWatch } from '../policies/permission-watch.js';
import { attemptOf } from '../policies/refusal.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { bufferUntilReady } from '../sockets/early-frames.js';
import type { SocketRequest } from '../sockets/path-ws.adapter.js';
import { RunAccess } from './run-access.js';
import { RunPlaces } from './run-places.js';
import { RunTail } from './run-tail.js';

/** Bytes on their way to one browser before the tail waits for it. */
const MAX_BUFFERED = 1_000_000;

/** What the directory says about a person and a run. */
interface RunGrant extends Grant {
  readonly runId: RunId;
}

interface Attached {
  readonly socket: WebSocket;
  readonly runId: RunId;
  readonly person: Principal;
  readonly context: CommandContext;
  readonly mayWrite: boolean;
  /** From when on not any more, milliseconds since 1970. */
  readonly until: number | undefined;
  readonly tail: RunTail;
  /** Messages of this person are carried out one after the other: typed text must not change its order. */
  work: Promise<void>;
}

/**
 * `/runs/:run`: everything that a run has said so far and then what it says, to anybody who may see its workspace; input,
 * resizing and stopping from those who may run there. The socket is only a window: closing it leaves the run alone.
 */
@WebSocketGateway({ path: '/runs/:run', maxPayload: RUN_SOCKET_MAX_PAYLOAD })
export class RunGateway implements OnGatewayConnection<WebSocket> {
  readonly #log = new Logger(RunGateway.name);

  constructor(
    private readonly runAccess: RunAccess,
    private readonly access: WorkspaceAccess,
    private readonly permissions: PermissionWatch,
    private readonly commands: CommandHandler,
    private readonly directory: DirectoryQueries,
    private readonly places: RunPlaces,
    private readonly limits: PersonLimits,
    private readonly refusals: RefusalRecords,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  handleConnection(socket: WebSocket, request: SocketRequest): void {
    const early = bufferUntilReady(socket);
    void this.#attach(socket, request)
      .then((attached) => {
        early.release((frame) => this.#receive(attached, frame));
        return this.#follow(attached);
      })
      .catch((error: unknown) => this.#turnAway(socket, request, error));
  }

  async #attach(socket: WebSocket, request: SocketRequest): Promise<Attached> {
    const person = request.principal;
    const look = (now: Principal) => this.#grant(now, request.parameters['run'] ?? '');
    const run = await this.permissions.watch(socket, person, 'run', look);
    const context = contextOf(person, 'websocket', {
      course: run.course,
      workspace: run.workspace,
      address: addressOf(request),
    });
    const tail = new RunTail(async (id) => (await this.directory.person(id))?.displayName ?? id);
    const { runId, mayWrite, until } = run;
    return { socket, runId, person, context, mayWrite, until, tail, work: Promise.resolve() };
  }

  async #grant(person: Principal, id: string): Promise<RunGrant> {
    const run = await this.runAccess.require(person, id, 'see');
    const { right, item, until } = await this.access.require(person, run.workspace, 'see');
    const mayWrite = allows(right, 'run');
    return { runId: run.id, course: run.course, workspace: run.workspace, mayWrite, item: item?.id, until };
  }

  async #follow({ socket, runId, tail }: Attached): Promise<void> {
    const closed = new AbortController();
    socket.once('close', () => closed.abort());
    if (socket.readyState !== socket.OPEN) return;
    const { signal } = closed;
    let leaveQueue: (() => void) | undefined;
    signal.addEventListener('abort', () => leaveQueue?.());
    for await (const item of this.store.subscribeStream(streamOf.run(runId), { after: 'start', signal })) {
      const message: RunServerMessage | undefined =
        item.kind === 'event' ? await tail.next(item.event) : item.kind === 'caughtUp' ? { t: 'live' } : undefined;
      if (message) send(socket, message);
      if (tail.state.kind !== 'queued') leaveQueue?.();
      else if (item.kind === 'caughtUp')
        leaveQueue ??= this.places.watch(runId, (place) => send(socket, { t: 'place', ...place }));
      while (socket.bufferedAmount > MAX_BUFFERED && !signal.aborted) await pause(20);
    }
  }

  #receive(attached: Attached, frame: Uint8Array): void {
    const message = parseRunClientMessage(new TextDecoder().decode(frame));
    if (!message) return attached.socket.close(CLOSE.badMessage, 'a run takes input, resize and cancel');
    const wait = message.t === 'input' ? this.limits.takeMessage(frame.length, attached.context) : 0;
    if (wait > 0) return send(attached.socket, tooMany(wait, this.limits.messagesPerMinute));
    attached.work = attached.work.then(() => this.#carryOut(attached, message));
  }

  async #carryOut(attached: Attached, message: RunClientMessage): Promise<void> {
    try {
      if (!attached.mayWrite || Date.now() >= (attached.until ?? Infinity)) throw this.#watching(attached);
      await this.#execute(attached, toCommand(message, attached.person));
    } catch (error) {
      const { code, message: text } = refusal(error);
      if (code === 'fault') this.#log.error(error instanceof Error ? error.stack : String(error));
      send(attached.socket, { t: 'refused', code, message: text });
    }
  }

  #watching({ runId, context }: Attached): Rejected {
    void this.refusals.note({ what: 'type into a run', object: `run ${runId}` }, context);
    return new Rejected({ code: 'not-allowed', message: 'You can watch this run but not type into it.' });
  }

  /**
   * Decided on the state that this tail has seen, not on one read anew: a run's stream holds all of its output, and typing
   * must not read it for every key. The state can only be too old in one way that matters, that the run has ended since;
   * an executor ignores what follows its own end. Stopping is rare and is decided on the newest state.
   */
  async #execute({ runId, tail, context }: Attached, command: RunCommand): Promise<void> {
    const stream = streamOf.run(runId);
    if (command.kind === 'cancel') {
      await this.commands.execute(stream, runDecider, command, context);
      return;
    }
    const decision = tail.decide(command);
    if (!decision.accepted) throw new Rejected(decision.rejection);
    if (decision.events.length > 0) await this.commands.record(stream, decision.events, context);
  }

  #turnAway(socket: WebSocket, request: SocketRequest, error: unknown): void {
    const attempt = attemptOf(error);
    const context = contextOf(request.principal, 'websocket', { address: addressOf(request) });
    if (attempt) void this.refusals.note(attempt, context);
    if (error instanceof HttpException) return socket.close(CLOSE.notFound, error.message.slice(0, 120));
    this.#log.error(error instanceof Error ? error.stack : String(error));
    socket.close(CLOSE.unavailable, 'The run cannot be shown just now: try again.');
  }
}

function toCommand(message: RunClientMessage, person: Principal): RunCommand {
  const by = asId<UserId>(person.userId);
  switch (message.t) {
    case 'input':
      return { kind: 'provideInput', by, text: message.text };
    case 'resize':
      return { kind: 'resize', columns: message.columns, rows: message.rows };
    case 'cancel':
      return { kind: 'cancel', by };
  }
}

function refusal(error: unknown): { code: string; message: string } {
  if (error instanceof Rejected) return error.rejection;
  if (error instanceof WrongExpectedVersion)
    return { code: 'conflict', message: 'Somebody else was faster: try again.' };
  return { code: 'fault', message: 'This could not be sent to the program: try again.' };
}

/** What is typed counts as a message like those to open files; sizes do not, of which the last must hold, nor does stopping. */
function tooMany(waitMs: number, most: number): RunServerMessage {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `More than ${most} messages a minute: this was not sent to the program. Try again in ${seconds} s.`;
  return { t: 'refused', code: 'limit-reached', message };
}

function send(socket: WebSocket, message: RunServerMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
