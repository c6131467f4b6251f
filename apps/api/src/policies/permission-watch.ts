import {
  HttpException,
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { type DomainEvent, readEvent } from '@palimpsest/domain';
import type { EventStore, Position, RecordedEvent } from '@palimpsest/event-store';
import { DirectoryQueries, ReadModels } from '@palimpsest/projections';
import { CLOSE } from '@palimpsest/protocol';
import type { WebSocket } from 'ws';
import type { Principal } from '../auth/principal.js';
import { Sessions } from '../auth/sessions.js';
import { EVENT_STORE } from '../platform/tokens.js';

/**
 * Theory of operation. A socket is let in by what the directory says at that moment, and may then stay open for hours. So
 * every process follows the streams that can change what somebody may do, wherever the change was made: users, sessions,
 * courses, workspaces. An event finds the connections that it could concern; each of them waits until the directory has
 * applied the event, asks the same questions as at the upgrade, and is closed when the answer is another than then. The
 * event only says "look": what follows from it is decided in one place, by the policies.
 *
 * A change between the question at the upgrade and the entry in the index here would be missed; so each connection looks
 * once more after it has been entered, at least as far as the newest event seen by then. Sessions can also end without an
 * event (they expire; an operator takes them away): the ids of those that are connected are looked up twice a second.
 *
 * Time changes permission as well, without an event: a test begins and ends. What a connection was given says until when it
 * holds (`until`), and twice a second those whose time has come are asked about anew. Nothing is kept of it, so a process
 * that has just been started does the same. What comes in between the lock and that look is refused by the connection itself,
 * which knows `until`, too.
 *
 * While the database is away nothing can be asked: a check is tried again until it has an answer or the socket is closed.
 */

/** What a connection was given, and where that could change. */
export interface Grant {
  readonly course: string;
  readonly workspace: string;
  /** Only what happens to this file concerns the connection; undefined: it is about the workspace as a whole. */
  readonly file?: string;
  readonly mayWrite: boolean;
  /** The item of the course that the workspace belongs to, whose times and groups decide. */
  readonly item?: string | undefined;
  /** When this becomes another one by itself, milliseconds since 1970; undefined: it does not. */
  readonly until?: number | undefined;
  /** The file has been deleted: it can be looked at, since its history stays. */
  readonly deleted?: boolean;
}

/** What is looked at, in the sentences for a person. */
export type Watched = 'file' | 'run';

interface Verdict {
  readonly code: number;
  readonly reason: string;
}

const PREFIXES = ['user-', 'session-', 'course-', 'item-', 'workspace-'];

/** How often the sessions of open connections are looked up, milliseconds. */
const SESSIONS_MS = 500;

/** Time between tries while the database cannot be asked, or the subscription has failed, milliseconds. */
const RETRY_MS = 500;

/** One open connection. */
class Watch {
  grant: Grant | undefined;
  /** A check is under way; `again` asks for another one after it, with what is to be waited for. */
  checking = false;
  again: { readonly after: Position | undefined } | undefined;

  constructor(
    readonly socket: WebSocket,
    readonly principal: Principal,
    readonly what: Watched,
    readonly look: (person: Principal) => Promise<Grant>,
  ) {}

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Asks for a check that waits for `after`, or else for what is to be waited for anyway, or else for `otherwise`. */
  askAgain(after: Position | undefined, otherwise?: Position): void {
    this.again = { after: after ?? this.again?.after ?? otherwise };
  }

  /** Streams whose events can change what this connection may do. */
  get streams(): string[] {
    const { userId, sessionId } = this.principal;
    const { course, workspace, item } = this.grant ?? {};
    const own = [`user-${userId}`, `session-${sessionId}`];
    if (course === undefined) return own;
    return [...own, `course-${course}`, `workspace-${workspace}`, ...(item === undefined ? [] : [`item-${item}`])];
  }
}

/** Closes sockets whose permission has been taken away or has changed, within a second, on every node. */
@Injectable()
export class PermissionWatch implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(PermissionWatch.name);
  readonly #byStream = new Map<string, Set<Watch>>();
  readonly #watches = new Set<Watch>();
  readonly #stopping = new AbortController();
  /** Where the subscription is. */
  #position: Position | undefined;
  /** The newest event seen that the directory is made of. */
  #lastChange: Position | undefined;
  #following: Promise<void> | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #sweep: Promise<void> | undefined;

  constructor(
    private readonly sessions: Sessions,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  onModuleInit(): void {
    this.#following = this.#follow();
    this.#sweeping = setInterval(() => {
      this.#lookAtTheClock();
      this.#startSweep();
    }, SESSIONS_MS);
    this.#sweeping.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#sweeping);
    this.#stopping.abort();
    await Promise.all([this.#following, this.#sweep]);
  }

  /** How many connections are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /**
   * Asks `look` what `principal` may do here, and from then on closes the socket when the answer changes. `look` throws
   * HttpException for a refusal, as this does. Resolves with the answer.
   */
  async watch<G extends Grant>(
    socket: WebSocket,
    principal: Principal,
    what: Watched,
    look: (person: Principal) => Promise<G>,
  ): Promise<G> {
    const grant = await look(principal);
    if (socket.readyState !== socket.OPEN) return grant;
    const watch = new Watch(socket, principal, what, look);
    watch.grant = grant;
    this.#enter(watch);
    socket.once('close', () => this.#remove(watch));
    this.#check(watch, this.#lastChange);
    return grant;
  }

  #enter(watch: Watch): void {
    this.#watches.add(watch);
    for (const stream of watch.streams) {
      const there = this.#byStream.get(stream);
      if (there) there.add(watch);
      else this.#byStream.set(stream, new Set([watch]));
    }
  }

  #remove(watch: Watch): void {
    this.#watches.delete(watch);
    for (const stream of watch.streams) {
      const there = this.#byStream.get(stream);
      there?.delete(watch);
      if (there?.size === 0) this.#byStream.delete(stream);
    }
  }

  /** Survives a failing subscription: it goes on where it was, or looks at everything when it does not know where. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const after = this.#position ?? 'end';
        const filter = { streamPrefixes: PREFIXES };
        for await (const item of this.store.subscribe({ after, filter, signal })) {
          if (item.kind === 'event') this.#react(item.event);
          if (item.kind === 'caughtUp') this.#checkAll();
          if (item.kind === 'checkpoint') this.#position = item.position;
        }
      } catch (error) {
        this.#log.error(`permissions are not followed, trying again: ${String(error)}`);
      }
      if (!signal.aborted) await pause(RETRY_MS);
    }
  }

  #react(event: RecordedEvent): void {
    this.#position = event.position;
    // The directory does not read sessions, so it need not ever get to the place of such an event.
    const inDirectory = !event.stream.startsWith('session-');
    if (inDirectory) this.#lastChange = event.position;
    for (const watch of this.#byStream.get(event.stream) ?? [])
      if (concerns(event, watch)) this.#check(watch, inDirectory ? event.position : undefined);
  }

  #checkAll(): void {
    for (const watch of this.#watches) this.#check(watch, this.#lastChange);
  }

  /** Asks about those whose time has come: once, since what is found then says until when it holds. */
  #lookAtTheClock(): void {
    const now = Date.now();
    for (const watch of this.#watches)
      if (watch.grant?.until !== undefined && watch.grant.until <= now && !watch.checking)
        this.#check(watch, this.#lastChange);
  }

  #startSweep(): void {
    this.#sweep ??= this.#closeEnded().finally(() => (this.#sweep = undefined));
  }

  async #closeEnded(): Promise<void> {
    try {
      const connected = new Set([...this.#watches].map(({ principal }) => principal.sessionId));
      if (connected.size === 0) return;
      for (const session of await this.sessions.ended([...connected]))
        for (const watch of this.#byStream.get(`session-${session}`) ?? []) this.#check(watch, undefined);
    } catch {
      // The database is away: the next time will do.
    }
  }

  /** One check at a time for a connection; events that come during one are answered by one more after it. */
  #check(watch: Watch, after: Position | undefined): void {
    watch.askAgain(after);
    if (!watch.checking) void this.#checkWhileAsked(watch);
  }

  async #checkWhileAsked(watch: Watch): Promise<void> {
    watch.checking = true;
    while (watch.again && watch.isOpen && !this.#stopping.signal.aborted) {
      const { after } = watch.again;
      watch.again = undefined;
      try {
        const verdict = await this.#judge(watch, after);
        if (verdict) watch.socket.close(verdict.code, verdict.reason);
      } catch {
        // The directory is behind, or the database away. What came meanwhile is newer than what was waited for.
        watch.askAgain(undefined, after);
        await pause(RETRY_MS);
      }
    }
    watch.checking = false;
  }

  /** Why the connection must end, or undefined if everything is as it was given. */
  async #judge(watch: Watch, after: Position | undefined): Promise<Verdict | undefined> {
    if (after !== undefined) await this.readModels.waitFor('directory', after);
    const { principal, what, look } = watch;
    const now = await this.sessions.current(principal.sessionId);
    if (!now) return this.#signedOut(principal);
    if (now.role !== principal.role)
      return {
        code: CLOSE.forbidden,
        reason: `You are now ${now.role} here, no longer ${principal.role}: open the ${what} again.`,
      };
    try {
      if (!watch.grant) return undefined;
      const given = await look(now);
      const verdict = difference(watch.grant, given, what);
      // Course, workspace and item of a file never change, so neither does where it is entered in the index.
      if (!verdict) watch.grant = given;
      return verdict;
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      return { code: CLOSE.forbidden, reason: `You may not see this ${what} any more.` };
    }
  }

  async #signedOut({ userId }: Principal): Promise<Verdict> {
    const person = await this.directory.person(userId);
    return {
      code: CLOSE.unauthenticated,
      reason:
        person?.active === false
          ? 'Your account has been deactivated: ask your professor or the administrator.'
          : 'Your session has ended: sign in again.',
    };
  }
}

/** What changed, for the person. More rights are no reason to stay away: the client comes back by itself and has them. */
function difference(was: Grant, now: Grant, what: Watched): Verdict | undefined {
  if (now.deleted && !was.deleted) return { code: CLOSE.notFound, reason: 'This file has been deleted.' };
  if (was.mayWrite && !now.mayWrite)
    return { code: CLOSE.forbidden, reason: `This ${what} is read-only for you now: open it again to look at it.` };
  if (now.mayWrite && !was.mayWrite)
    return { code: CLOSE.goingAway, reason: `You may write in this ${what} now: come back.` };
  // It holds until another moment than the connection was told, which refuses by itself what comes after that.
  if (was.mayWrite && now.until !== was.until)
    return { code: CLOSE.goingAway, reason: 'The time for this has changed: come back.' };
  return undefined;
}

/** Whether the event can change what the connection may do. An event that is not understood can. */
function concerns(recorded: RecordedEvent, { principal, grant }: Watch): boolean {
  const event = readable(recorded);
  switch (event?.type) {
    case 'MemberEnrolled':
    case 'MemberRemoved':
      return event.data.user === principal.userId;
    case 'FileDeleted':
    case 'FileRestored':
      return event.data.file === grant?.file;
    case 'SectionAdded':
    case 'WorkHandedIn':
    case 'WorkspaceCopied':
    case 'FileCreated':
    case 'FileMoved':
    case 'FolderCreated':
    case 'FolderMoved':
    case 'FolderDeleted':
    case 'FolderRestored':
    case 'SignedIn':
      return false;
    default:
      return true;
  }
}

function readable(recorded: RecordedEvent): DomainEvent | undefined {
  try {
    return readEvent(recorded);
  } catch {
    return undefined;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
