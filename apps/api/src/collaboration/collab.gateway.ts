import { randomUUID } from 'node:crypto';
import { HttpException, Logger } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { asId, type FileId } from '@palimpsest/domain';
import type { FileRow } from '@palimpsest/projections';
import { CLOSE, COLLAB_MAX_PAYLOAD } from '@palimpsest/protocol';
import type { WebSocket } from 'ws';
import { RefusalRecords } from '../audit/refusal-records.js';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import type { CommandContext } from '../commands/context.js';
import { type Grant, PermissionWatch } from '../policies/permission-watch.js';
import { attemptOf } from '../policies/refusal.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { bufferUntilReady } from '../sockets/early-frames.js';
import type { SocketRequest } from '../sockets/path-ws.adapter.js';
import { CollabConnection } from './collab-connection.js';
import { ConnectionRecords } from './connection-records.js';
import { PersonLimits, TooManyDocuments } from './person-limits.js';
import { type OpenRoom, Rooms } from './rooms.js';
import { closeLimited, sendWait } from './wait-message.js';

/** What the directory says about a person and a file. */
interface FileGrant extends Grant {
  readonly file: FileRow['id'];
  readonly path: string;
}

/** `/collab/:file`: co-editing by the protocol of y-websocket. The rules are in PROTOCOL.md. */
@WebSocketGateway({ path: '/collab/:file', maxPayload: COLLAB_MAX_PAYLOAD })
export class CollabGateway implements OnGatewayConnection<WebSocket> {
  readonly #log = new Logger(CollabGateway.name);

  constructor(
    private readonly rooms: Rooms,
    private readonly access: WorkspaceAccess,
    private readonly permissions: PermissionWatch,
    private readonly limits: PersonLimits,
    private readonly refusals: RefusalRecords,
    private readonly connections: ConnectionRecords,
  ) {}

  /** Called in the same turn as the upgrade: the listener must be there before the first frame. */
  handleConnection(socket: WebSocket, request: SocketRequest): void {
    const early = bufferUntilReady(socket);
    void this.#join(socket, request)
      .then((connection) => connection && early.release((frame) => connection.receive(frame)))
      .catch((error: unknown) => this.#turnAway(socket, request, error));
  }

  /** Undefined when the socket was closed before it could be let in. */
  async #join(socket: WebSocket, request: SocketRequest): Promise<CollabConnection | undefined> {
    const { principal, parameters } = request;
    const look = (person: Principal) => this.#grant(person, parameters['file'] ?? '');
    const grant = await this.permissions.watch(socket, principal, 'file', look);
    // Its close has been announced already: nobody would give back what is taken from here on.
    if (socket.readyState !== socket.OPEN) return undefined;
    const context = contextOf(principal, 'websocket', {
      connection: randomUUID(),
      course: grant.course,
      workspace: grant.workspace,
      file: grant.file,
      address: addressOf(request),
    });
    socket.once('close', this.limits.open(grant.file, context));
    socket.once('close', this.connections.opened(grant.path, context));
    return this.#enter(socket, request, grant, context);
  }

  async #enter(
    socket: WebSocket,
    { principal, query }: SocketRequest,
    grant: FileGrant,
    context: CommandContext,
  ): Promise<CollabConnection | undefined> {
    const open = this.rooms.enter(asId<FileId>(grant.file));
    const connection = new CollabConnection(socket, open, this.limits, {
      actor: context.actor,
      displayName: principal.displayName,
      context,
      canWrite: grant.mayWrite,
      until: grant.until,
      acknowledges: query.get('acks') === '1',
      onForbidden: () => void this.refusals.note({ what: 'type into a file', object: `file ${grant.file}` }, context),
    });
    return (await this.#begin(socket, open, connection)) ? connection : undefined;
  }

  /** Resolves with whether the socket was still there when the room had been loaded. */
  async #begin(socket: WebSocket, open: OpenRoom, connection: CollabConnection): Promise<boolean> {
    let ended = false;
    socket.once('close', () => {
      ended = true;
      connection.end();
      this.rooms.release(open);
    });
    await open.room.ready;
    if (!ended) connection.begin();
    return !ended;
  }

  async #grant(person: Principal, id: string): Promise<FileGrant> {
    const open = await this.access.requireFile(person, id, 'see');
    const { file, workspace, item, until } = open;
    const mayWrite = this.access.mayType(person, open);
    const grant = { course: workspace.course, workspace: workspace.id, file: file.id, path: file.path };
    return { ...grant, mayWrite, deleted: file.deleted, item: item?.id, until };
  }

  /** Nobody waits for it: how long it takes to be turned away tells nothing. */
  #note(request: SocketRequest, error: HttpException): void {
    const attempt = attemptOf(error);
    const context = contextOf(request.principal, 'websocket', { address: addressOf(request) });
    if (attempt) void this.refusals.note(attempt, context);
  }

  #turnAway(socket: WebSocket, request: SocketRequest, error: unknown): void {
    if (error instanceof TooManyDocuments) {
      if (request.query.get('acks') === '1') sendWait(socket, error.waitMs, error.message);
      return closeLimited(socket, error.waitMs, error.message);
    }
    if (error instanceof HttpException) {
      this.#note(request, error);
      const code = error.getStatus() === 403 ? CLOSE.forbidden : CLOSE.notFound;
      return socket.close(code, error.message.slice(0, 120));
    }
    this.#log.error(error instanceof Error ? error.stack : String(error));
    socket.close(CLOSE.unavailable, 'The file cannot be opened just now: try again.');
  }
}
