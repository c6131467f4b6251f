import { randomUUID } from 'node:crypto';
import { HttpException, Logger } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { asId, type FileId } from '@palimpsest/domain';
import { CLOSE, COLLAB_MAX_PAYLOAD } from '@palimpsest/protocol';
import type { WebSocket } from 'ws';
import { addressOf } from '../auth/address.js';
import { contextOf } from '../auth/principal.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { bufferUntilReady } from '../sockets/early-frames.js';
import type { SocketRequest } from '../sockets/path-ws.adapter.js';
import { CollabConnection } from './collab-connection.js';
import { type OpenRoom, Rooms } from './rooms.js';

/** `/collab/:file`: co-editing by the protocol of y-websocket. */
@WebSocketGateway({ path: '/collab/:file', maxPayload: COLLAB_MAX_PAYLOAD })
export class CollabGateway implements OnGatewayConnection<WebSocket> {
  readonly #log = new Logger(CollabGateway.name);

  constructor(
    private readonly rooms: Rooms,
    private readonly access: WorkspaceAccess,
  ) {}

  /** Called in the same turn as the upgrade: the listener must be there before the first frame. */
  handleConnection(socket: WebSocket, request: SocketRequest): void {
    const early = bufferUntilReady(socket);
    void this.#join(socket, request)
      .then((connection) => early.release((frame) => connection.receive(frame)))
      .catch((error: unknown) => this.#turnAway(socket, error));
  }

  async #join(socket: WebSocket, request: SocketRequest): Promise<CollabConnection> {
    const { principal, parameters } = request;
    const { file, workspace, right } = await this.access.requireFile(principal, parameters['file'] ?? '', 'see');
    const context = contextOf(principal, 'websocket', {
      connection: randomUUID(),
      course: workspace.course,
      workspace: workspace.id,
      file: file.id,
      address: addressOf(request),
    });
    const open = this.rooms.enter(asId<FileId>(file.id));
    const connection = new CollabConnection(socket, open, {
      actor: context.actor,
      displayName: principal.displayName,
      context,
      canWrite: right === 'write' && !file.deleted,
      acknowledges: request.query.get('acks') === '1',
    });
    await this.#begin(socket, open, connection);
    return connection;
  }

  async #begin(socket: WebSocket, open: OpenRoom, connection: CollabConnection): Promise<void> {
    let ended = false;
    socket.once('close', () => {
      ended = true;
      connection.end();
      this.rooms.release(open);
    });
    await open.room.ready;
    if (!ended) connection.begin();
  }

  #turnAway(socket: WebSocket, error: unknown): void {
    if (error instanceof HttpException) {
      const code = error.getStatus() === 403 ? CLOSE.forbidden : CLOSE.notFound;
      return socket.close(code, error.message.slice(0, 120));
    }
    this.#log.error(error instanceof Error ? error.stack : String(error));
    socket.close(CLOSE.unavailable, 'The file cannot be opened just now: try again.');
  }
}
