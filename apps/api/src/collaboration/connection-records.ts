import { type BeforeApplicationShutdown, Injectable, Logger, Optional } from '@nestjs/common';
import {
  asId,
  type ConnectionEnd,
  type ConnectionOpened,
  type SessionEvent,
  type SessionId,
  streamOf,
} from '@palimpsest/domain';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';

/**
 * How long after its last socket a session still counts as having the file open, milliseconds: a page that is loaded again, or
 * a network that comes back, is one connection. So a client that connects as often as it can makes two events in this time.
 */
const LINGER_MS = 10_000;

/** Close codes with which a browser says that it goes: normal, going away, and none given (RFC 6455, 7.4.1). */
const LEFT: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** No close frame came: the browser, its machine or the network is gone. */
const ABNORMAL = 1006;

/** A file that a session has open here, or had until a moment ago. */
interface Presence {
  readonly opened: ConnectionOpened['data'];
  readonly context: CommandContext;
  sockets: number;
  /** How and when the last of its sockets was closed; undefined while one is open. */
  end: { readonly reason: ConnectionEnd; readonly at: number } | undefined;
  timer: NodeJS.Timeout | undefined;
  /** One event after the other. */
  recording: Promise<void>;
}

/** Why a socket was closed, by its code. Those of ours begin at 4000. */
export function endOf(code: number): ConnectionEnd {
  if (code === ABNORMAL) return 'lost';
  return LEFT.has(code) ? 'left' : 'ended';
}

/**
 * Which files people have open, as events of their sessions. Sockets of one session and file that overlap, or follow each other
 * within some seconds, are one connection. Nobody waits for an event: joining a room takes as long as it did. When the process
 * is killed, what was open has no end in the log: decision 0041 says how that reads.
 */
@Injectable()
export class ConnectionRecords implements BeforeApplicationShutdown {
  readonly #log = new Logger(ConnectionRecords.name);
  readonly #present = new Map<string, Presence>();
  readonly #recording = new Set<Promise<void>>();

  /** `lingerMs` is given by tests alone. */
  constructor(
    private readonly commands: CommandHandler,
    @Optional() private readonly lingerMs: number = LINGER_MS,
  ) {}

  /** A socket is open. Call what is returned once, with its close code, when it is closed. Never fails: it is only a record. */
  opened(path: string, context: CommandContext): (code: number) => void {
    const { session, file, workspace, connection } = context;
    if (session === undefined || file === undefined || workspace === undefined || connection === undefined)
      return () => undefined;
    const key = `${session} ${file}`;
    const presence = this.#present.get(key) ?? this.#begin(key, { connection, workspace, file, path }, context);
    presence.sockets += 1;
    clearTimeout(presence.timer);
    presence.end = undefined;
    return (code) => this.#closed(key, presence, endOf(code));
  }

  /** What is open now is ended by this, and is recorded while the store still takes it. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const [key, presence] of [...this.#present]) {
      presence.end ??= { reason: 'server-stopped', at: Date.now() };
      this.#finish(key, presence);
    }
    await Promise.all(this.#recording);
  }

  #begin(key: string, opened: ConnectionOpened['data'], context: CommandContext): Presence {
    const recording = Promise.resolve();
    const presence: Presence = { opened, context, sockets: 0, end: undefined, timer: undefined, recording };
    this.#present.set(key, presence);
    this.#record(presence, { type: 'ConnectionOpened', data: opened });
    return presence;
  }

  #closed(key: string, presence: Presence, reason: ConnectionEnd): void {
    presence.sockets -= 1;
    if (presence.sockets > 0 || this.#present.get(key) !== presence) return;
    presence.end = { reason, at: Date.now() };
    presence.timer = setTimeout(() => this.#finish(key, presence), this.lingerMs).unref();
  }

  #finish(key: string, presence: Presence): void {
    const { opened, end } = presence;
    clearTimeout(presence.timer);
    this.#present.delete(key);
    if (end) this.#record(presence, { type: 'ConnectionClosed', data: { ...opened, ...end } });
  }

  #record(presence: Presence, event: SessionEvent): void {
    const { context } = presence;
    const stream = streamOf.session(asId<SessionId>(context.session ?? ''));
    const recording = presence.recording
      .then(() => this.commands.record(stream, [event], context))
      .then(() => undefined)
      .catch((error: unknown) => this.#log.warn(`a connection was not recorded: ${String(error)}`))
      .finally(() => this.#recording.delete(recording));
    presence.recording = recording;
    this.#recording.add(recording);
  }
}
