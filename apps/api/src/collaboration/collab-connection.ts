import type { Actor } from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED } from '@palimpsest/protocol';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { CommandContext } from '../commands/context.js';
import { type AwarenessMember, MalformedAwareness } from './awareness-room.js';
import { EarlyUpdates } from './early-updates.js';
import { HeldMessages } from './held-messages.js';
import type { PersonLimits } from './person-limits.js';
import type { Member } from './room.js';
import type { OpenRoom } from './rooms.js';
import { TokenBucket } from './token-bucket.js';
import type { Refusal } from './update-inspection.js';
import { closeLimited, sendWait } from './wait-message.js';

/** Message types of y-websocket and, within `sync`, of y-protocols/sync. */
const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const SYNC_STEP_1 = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

/** Bytes that may wait for a slow client before it is cut off: it comes back and synchronises, which costs less. */
const MAX_BUFFERED = 16 * 1024 * 1024;

/**
 * Awareness messages and questions for them, of one connection. An honest client re-sends what it receives, which the room
 * bounds to some 20 a second, and adds its own cursor. What is more is skipped: the next message says the same, newer.
 */
const AWARENESS_RATE = { capacity: 200, perMinute: 60 * 50, reopensAt: 1 };

export interface ConnectionOptions {
  readonly actor: Actor;
  readonly displayName: string;
  readonly context: CommandContext;
  readonly canWrite: boolean;
  /** From when on it cannot, though nobody has said so: milliseconds since 1970; undefined: it goes on. */
  readonly until?: number | undefined;
  /** The client asked for acknowledgements (`?acks=1`). */
  readonly acknowledges: boolean;
  /** It tried to write and cannot. */
  onForbidden(): void;
}

class BadMessage extends Error {}

/** One socket in one room: speaks the protocol of y-websocket. */
export class CollabConnection implements Member, AwarenessMember {
  readonly actor: Actor;
  readonly context: CommandContext;
  readonly user: AwarenessMember['user'];
  readonly #socket: WebSocket;
  readonly #open: OpenRoom;
  readonly #limits: PersonLimits;
  readonly #options: ConnectionOptions;
  readonly #awarenessRate = new TokenBucket(AWARENESS_RATE, performance.now());
  readonly #held = new HeldMessages(
    (frame) => this.#limits.takeMessage(frame.length, this.context),
    (frame) => this.#guarded(() => this.#receiveSync(afterType(frame))),
    (ms) => this.#askToWait(ms),
  );
  readonly #onBroken = () => this.#close(CLOSE.goingAway, 'come back');
  /** Sync messages received that could change the document. */
  #sequence = 0;
  /** Undefined once the client has answered the step 1 of `begin`. */
  #early: EarlyUpdates | undefined = new EarlyUpdates();

  constructor(socket: WebSocket, open: OpenRoom, limits: PersonLimits, options: ConnectionOptions) {
    this.#socket = socket;
    this.#open = open;
    this.#limits = limits;
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
    this.#held.end();
    const { room, awareness, onBroken } = this.#open;
    onBroken.delete(this.#onBroken);
    awareness.leave(this);
    room.leave(this);
  }

  /** Takes one frame. A frame that the protocol does not know ends this connection and no other. */
  receive(frame: Uint8Array): void {
    this.#guarded(() => this.#receive(frame));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      const known = error instanceof BadMessage || error instanceof MalformedAwareness;
      this.#close(CLOSE.badMessage, known ? error.message : 'the message is cut off or malformed');
    }
  }

  deliver(update: Uint8Array, own: boolean): void {
    // A plain y-websocket client learns from its own update that it is durable; ours is told by a number.
    if (own && this.#options.acknowledges) return;
    this.#send(frameOf(update));
  }

  acknowledge(sequence: number): void {
    if (!this.#options.acknowledges) return;
    this.#message(MESSAGE_ACKNOWLEDGED, (encoder) => encoding.writeVarUint(encoder, sequence));
  }

  refuse({ reason, limit }: Refusal): void {
    if (limit) this.#limits.record(limit, 0, this.context);
    this.#close(limit ? CLOSE.tooLarge : CLOSE.badMessage, `This edit was refused: ${reason}`);
  }

  /** Another person's awareness. */
  send(update: Uint8Array): void {
    this.#message(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, update));
  }

  #receive(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    const type = decoding.readVarUint(decoder);
    switch (type) {
      case SYNC:
        if (!this.#held.receive(frame)) this.#endLimited('You went on sending while you were asked to wait');
        return;
      case AWARENESS:
      case QUERY_AWARENESS:
        if (this.#awarenessRate.take(performance.now()) > 0) return;
        return type === AWARENESS ? this.#receiveAwareness(decoder) : this.send(this.#open.awareness.snapshot());
      default:
        throw new BadMessage(`there is no message type ${type}`);
    }
  }

  #receiveAwareness(decoder: decoding.Decoder): void {
    const { room, awareness } = this.#open;
    const ownsClient = (client: number) => (room.ownerOf(client) ?? this.actor.id) === this.actor.id;
    awareness.receive(this, decoding.readVarUint8Array(decoder), ownsClient);
  }

  /** A client that does not know the message must be closed, or it would show unsaved edits as sent. */
  #askToWait(ms: number): void {
    const most = this.#limits.messagesPerMinute;
    if (!this.#options.acknowledges)
      return this.#endLimited(`More than ${most} messages a minute: your edits wait for you`);
    const seconds = Math.ceil(ms / 1000);
    sendWait(this.#socket, ms, `More than ${most} messages a minute: it goes on in ${seconds} s, and nothing is lost.`);
  }

  #endLimited(sentence: string): void {
    this.#held.end();
    const wait = Math.max(1000, this.#limits.waitOf(this.actor.id));
    if (this.#options.acknowledges) sendWait(this.#socket, wait, `${sentence}.`);
    closeLimited(this.#socket, wait, sentence);
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
    if (origin === 'sync') this.#early = undefined;
    if (this.#early?.take(update, (client) => Y.getState(room.doc.store, client)) === false) return;
    if (this.#canWrite()) return room.submit(this, this.#sequence, update, origin);
    void this.#receiveFromReader(update, this.#sequence);
  }

  /** By the clock as well: the lock of a test is exact, and the connection is closed a moment after it. */
  #canWrite(): boolean {
    const { canWrite, until = Infinity } = this.#options;
    return canWrite && Date.now() < until;
  }

  /** A reader that is up to date sends its delete set all the same: that is not a write. */
  async #receiveFromReader(update: Uint8Array, sequence: number): Promise<void> {
    try {
      const isWrite = await this.#open.room.wouldChange(update, this.actor.id);
      if (!isWrite) return this.acknowledge(sequence);
      this.#options.onForbidden();
      this.#close(CLOSE.forbidden, 'This file is read-only for you.');
    } catch {
      this.#onBroken();
    }
  }

  #sync(write: (encoder: encoding.Encoder) => void): void {
    this.#message(SYNC, write);
  }

  #message(type: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    write(encoder);
    this.#send(encoding.toUint8Array(encoder));
  }

  #send(frame: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED)
      return this.#close(CLOSE.goingAway, 'the connection is too slow: come back');
    this.#socket.send(frame);
  }

  /** Reasons of a close frame have at most 123 bytes (RFC 6455). */
  #close(code: number, reason: string): void {
    this.#held.end();
    this.#socket.close(code, reason.slice(0, 120));
  }
}

/** The update as a message; the same bytes for all members of a room. */
function frameOf(update: Uint8Array): Uint8Array {
  if (framed?.update !== update) {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, SYNC_UPDATE);
    encoding.writeVarUint8Array(encoder, update);
    framed = { update, frame: encoding.toUint8Array(encoder) };
  }
  return framed.frame;
}

/** A room delivers an update to all of its members in one turn, so the last one is all that need be remembered. */
let framed: { readonly update: Uint8Array; readonly frame: Uint8Array } | undefined;

/** A reader behind the type of the message, which has been read before. */
function afterType(frame: Uint8Array): decoding.Decoder {
  const decoder = decoding.createDecoder(frame);
  decoding.readVarUint(decoder);
  return decoder;
}
