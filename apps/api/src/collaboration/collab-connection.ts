import type { Actor } from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED } from '@palimpsest/protocol';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { CommandContext } from '../commands/context.js';
import { type AwarenessMember, MalformedAwareness } from './awareness-room.js';
import type { Member } from './room.js';
import type { OpenRoom } from './rooms.js';

/** Message types of y-websocket and, within `sync`, of y-protocols/sync. */
const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const SYNC_STEP_1 = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

/** Bytes that may wait for a slow client before it is cut off: it comes back and synchronises, which costs less. */
const MAX_BUFFERED = 16 * 1024 * 1024;

export interface ConnectionOptions {
  readonly actor: Actor;
  readonly displayName: string;
  readonly context: CommandContext;
  readonly canWrite: boolean;
  /** The client asked for acknowledgements (`?acks=1`). */
  readonly acknowledges: boolean;
}

class BadMessage extends Error {}

/** One socket in one room: speaks the protocol of y-websocket. */
export class CollabConnection implements Member, AwarenessMember {
  readonly actor: Actor;
  readonly context: CommandContext;
  readonly user: AwarenessMember['user'];
  readonly #socket: WebSocket;
  readonly #open: OpenRoom;
  readonly #options: ConnectionOptions;
  readonly #onBroken = () => this.#close(CLOSE.goingAway, 'come back');
  /** Sync messages received that could change the document. */
  #sequence = 0;

  constructor(socket: WebSocket, open: OpenRoom, options: ConnectionOptions) {
    this.#socket = socket;
    this.#open = open;
    this.#options = options;
    this.actor = options.actor;
    this.context = options.context;
    this.user = { id: options.actor.id, name: options.displayName, role: options.actor.role };
  }

  /** Begins the conversation; the room has been loaded. */
  begin(): void {
    const { room, awareness, onBroken } = this.#open;
    onBroken.add(this.#onBroken);
    room.join(this);
    awareness.join(this);
    this.#sync((encoder) => {
      encoding.writeVarUint(encoder, SYNC_STEP_1);
      encoding.writeVarUint8Array(encoder, Y.encodeStateVector(room.doc));
    });
  }

  end(): void {
    const { room, awareness, onBroken } = this.#open;
    onBroken.delete(this.#onBroken);
    awareness.leave(this);
    room.leave(this);
  }

  /** Takes one frame. A frame that the protocol does not know ends this connection and no other. */
  receive(frame: Uint8Array): void {
    try {
      this.#receive(decoding.createDecoder(frame));
    } catch (error) {
      const known = error instanceof BadMessage || error instanceof MalformedAwareness;
      this.#close(CLOSE.badMessage, known ? error.message : 'the message is cut off or malformed');
    }
  }

  deliver(update: Uint8Array, own: boolean): void {
    // A plain y-websocket client learns from its own update that it is durable; ours is told by a number.
    if (own && this.#options.acknowledges) return;
    this.#sync((encoder) => {
      encoding.writeVarUint(encoder, SYNC_UPDATE);
      encoding.writeVarUint8Array(encoder, update);
    });
  }

  acknowledge(sequence: number): void {
    if (!this.#options.acknowledges) return;
    this.#message(MESSAGE_ACKNOWLEDGED, (encoder) => encoding.writeVarUint(encoder, sequence));
  }

  refuse(reason: string): void {
    const code = reason.startsWith('a file has at most') ? CLOSE.tooLarge : CLOSE.badMessage;
    this.#close(code, `This edit was refused: ${reason}`);
  }

  /** Another person's awareness. */
  send(update: Uint8Array): void {
    this.#message(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, update));
  }

  #receive(decoder: decoding.Decoder): void {
    const { room, awareness } = this.#open;
    const type = decoding.readVarUint(decoder);
    switch (type) {
      case SYNC:
        return this.#receiveSync(decoder);
      case AWARENESS: {
        const ownsClient = (client: number) => (room.ownerOf(client) ?? this.actor.id) === this.actor.id;
        return awareness.receive(this, decoding.readVarUint8Array(decoder), ownsClient);
      }
      case QUERY_AWARENESS:
        return this.send(awareness.snapshot());
      default:
        throw new BadMessage(`there is no message type ${type}`);
    }
  }

  #receiveSync(decoder: decoding.Decoder): void {
    const step = decoding.readVarUint(decoder);
    const bytes = decoding.readVarUint8Array(decoder);
    switch (step) {
      case SYNC_STEP_1:
        return this.#answerStep1(bytes);
      case SYNC_STEP_2:
      case SYNC_UPDATE:
        return this.#receiveUpdate(bytes.slice(), step === SYNC_STEP_2 ? 'sync' : 'live');
      default:
        throw new BadMessage(`there is no sync message ${step}`);
    }
  }

  #answerStep1(stateVector: Uint8Array): void {
    const difference = Y.encodeStateAsUpdate(this.#open.room.doc, stateVector);
    this.#sync((encoder) => {
      encoding.writeVarUint(encoder, SYNC_STEP_2);
      encoding.writeVarUint8Array(encoder, difference);
    });
  }

  #receiveUpdate(update: Uint8Array, origin: 'live' | 'sync'): void {
    const { room } = this.#open;
    this.#sequence += 1;
    if (this.#options.canWrite) return room.submit(this, this.#sequence, update, origin);
    // A reader that is up to date sends its delete set all the same: that is not a write.
    if (room.wouldChange(update, this.actor.id)) return this.#close(CLOSE.forbidden, 'This file is read-only for you.');
    this.acknowledge(this.#sequence);
  }

  #sync(write: (encoder: encoding.Encoder) => void): void {
    this.#message(SYNC, write);
  }

  #message(type: number, write: (encoder: encoding.Encoder) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED)
      return this.#close(CLOSE.goingAway, 'the connection is too slow: come back');
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    write(encoder);
    this.#socket.send(encoding.toUint8Array(encoder));
  }

  /** Reasons of a close frame have at most 123 bytes (RFC 6455). */
  #close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120));
  }
}
