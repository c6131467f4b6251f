/**
 * Who looks at a file and where their cursors are. Never stored. The server keeps one state a connection, under the client
 * id with which that connection first spoke, and writes the person's name and id into it: a client cannot speak for
 * another, nor leave a ghost behind.
 *
 * Wire format of y-protocols/awareness: varuint count, then for each state varuint client id, varuint clock, JSON text.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

import type { AwarenessChannel, AwarenessReceiver } from './awareness-exchange.js';
import { MAX_SHARED_STATE, type SharedState } from './awareness-message.js';
import { Coalescer } from './coalescer.js';

/** Shortest time between two messages to the members of a room, and to the other nodes; milliseconds. */
const TELL_MS = 50;
const SHARE_MS = 100;
/** How often the states of this node are repeated to the others, and how long one is believed without that; milliseconds. */
const REFRESH_MS = 8_000;
const EXPIRE_MS = 22_000;
/** States from other nodes in one room. */
const MAX_REMOTE = 1_000;

/** Bytes of one state; a cursor with a name needs some 300. */
const MAX_STATE_BYTES = 2_048;
/** States in one message: honest clients re-send what they received, so more than one occurs. */
const MAX_STATES_IN_MESSAGE = 1_000;

export interface AwarenessMember {
  /** What the server puts into the member's state. */
  readonly user: { readonly id: string; readonly name: string; readonly role: string };
  send(update: Uint8Array): void;
}

interface Presence {
  readonly client: number;
  readonly clock: number;
  /** JSON text; `null` as text when the person has gone. */
  readonly state: string;
  readonly user: AwarenessMember['user'];
}

/** Somebody who is connected to another node. */
interface RemotePresence extends Presence {
  readonly heardAt: number;
}

interface ReceivedState {
  readonly client: number;
  readonly clock: number;
  readonly json: string;
}

/** The message is not of the format, or too large. */
export class MalformedAwareness extends Error {}

/**
 * Changes are told at once after a quiet time and otherwise gathered: to the members of this room 20 times a second at
 * most, to the other nodes 10 times. A state that another node has not repeated for 22 s, looked at every 8 s, has died with that node: it is gone within 30 s.
 */
export class AwarenessRoom implements AwarenessReceiver {
  readonly #members = new Map<AwarenessMember, Presence | undefined>();
  /** By node and client id: a person who moves to another node is, for a moment, on both. */
  readonly #remote = new Map<string, RemotePresence>();
  readonly #channel: AwarenessChannel | undefined;
  /** What the members have not been told yet, by client id, with the member who said it. */
  readonly #news = new Map<number, { readonly presence: Presence; readonly sender: AwarenessMember | undefined }>();
  /** What the other nodes have not been told yet. */
  readonly #unshared = new Map<number, Presence>();
  readonly #telling = new Coalescer(TELL_MS, () => this.#tell());
  readonly #sharing = new Coalescer(SHARE_MS, () => this.#share());
  #refreshing: NodeJS.Timeout | undefined;

  /** `channel` leads to the rooms of the same file on other nodes; without one there are none. */
  constructor(channel?: AwarenessChannel) {
    this.#channel = channel;
  }

  join(member: AwarenessMember): void {
    if (this.#members.size === 0) this.#open();
    this.#members.set(member, undefined);
    const present = this.#present();
    if (present.length > 0) member.send(encodeStates(present));
  }

  /** Tells the others that this member's cursor is gone. */
  leave(member: AwarenessMember): void {
    if (!this.#members.has(member)) return;
    const presence = this.#members.get(member);
    this.#members.delete(member);
    if (presence) this.#changed({ ...presence, clock: presence.clock + 1, state: 'null' }, member);
    if (this.#members.size === 0) this.#close();
  }

  /** Takes a message of `member`. Throws MalformedAwareness. `ownsClient` tells whether the id is free or the member's own. */
  receive(member: AwarenessMember, message: Uint8Array, ownsClient: (client: number) => boolean): void {
    for (const received of decodeStates(message)) this.#receiveState(member, received, ownsClient);
  }

  /** What another node says. States that are not of the form are skipped: the node's clients must not suffer for it. */
  receiveShared(node: string, states: readonly SharedState[]): void {
    for (const shared of states) {
      try {
        this.#receiveShared(`${node} ${shared.client}`, { ...shared, state: withUser(shared.state, shared.user) });
      } catch (error) {
        if (!(error instanceof MalformedAwareness)) throw error;
      }
    }
  }

  /** Tells the other nodes of everybody who is connected here. */
  announce(): void {
    for (const presence of this.#members.values())
      if (presence && presence.state !== 'null') this.#unshared.set(presence.client, presence);
    if (this.#unshared.size > 0) this.#sharing.mark();
  }

  /** All states that are present, for a client that asks. */
  snapshot(): Uint8Array {
    return encodeStates(this.#present());
  }

  /** Nobody was here: what was known of other nodes is old. */
  #open(): void {
    this.#channel?.open(this);
    this.#channel?.ask();
    this.#refreshing = setInterval(() => this.#refresh(), REFRESH_MS);
    this.#refreshing.unref();
  }

  #close(): void {
    clearInterval(this.#refreshing);
    this.#sharing.finish();
    this.#channel?.close(this);
    this.#remote.clear();
    this.#news.clear();
  }

  #refresh(): void {
    this.announce();
    const oldest = performance.now() - EXPIRE_MS;
    for (const [key, presence] of this.#remote) if (presence.heardAt < oldest) this.#forget(key, presence);
  }

  /** States of others are skipped in silence: y-websocket re-sends what it received as a matter of course. */
  #receiveState(member: AwarenessMember, received: ReceivedState, ownsClient: (client: number) => boolean): void {
    const { client, clock, json } = received;
    const known = this.#members.get(member);
    if (known ? known.client !== client : !this.#mayClaim(member, client, ownsClient)) return;
    if (known && clock < known.clock) return;
    const presence: Presence = { client, clock, state: withUser(json, member.user), user: member.user };
    this.#members.set(member, presence);
    this.#changed(presence, member);
  }

  #mayClaim(member: AwarenessMember, client: number, ownsClient: (client: number) => boolean): boolean {
    if (this.#isHere(client)) return false;
    for (const presence of this.#remote.values())
      if (presence.client === client && presence.user.id !== member.user.id) return false;
    return ownsClient(client);
  }

  #receiveShared(key: string, presence: Presence): void {
    const known = this.#remote.get(key);
    if (presence.state === 'null') return known && this.#forget(key, { ...known, clock: presence.clock });
    if (!known && this.#remote.size >= MAX_REMOTE) return;
    const isNews = !known || presence.clock > known.clock;
    this.#remote.set(key, { ...(isNews ? presence : known), heardAt: performance.now() });
    // Who is connected here is known better here.
    if (isNews && !this.#isHere(presence.client)) this.#inform(presence, undefined);
  }

  /** Gone from that node; if the same client is on another by now, nobody needs to be told. */
  #forget(key: string, presence: Presence): void {
    this.#remote.delete(key);
    const isElsewhere = [...this.#remote.values()].some(({ client }) => client === presence.client);
    if (!isElsewhere && !this.#isHere(presence.client)) this.#inform({ ...presence, state: 'null' }, undefined);
  }

  #isHere(client: number): boolean {
    for (const presence of this.#members.values()) if (presence?.client === client) return true;
    return false;
  }

  #changed(presence: Presence, sender: AwarenessMember): void {
    this.#inform(presence, sender);
    if (!this.#channel) return;
    this.#unshared.set(presence.client, presence);
    this.#sharing.mark();
  }

  #inform(presence: Presence, sender: AwarenessMember | undefined): void {
    this.#news.set(presence.client, { presence, sender });
    this.#telling.mark();
  }

  #present(): Presence[] {
    const present = new Map<number, Presence>();
    for (const presence of [...this.#remote.values(), ...this.#members.values()])
      if (presence && presence.state !== 'null') present.set(presence.client, presence);
    return [...present.values()];
  }

  #tell(): void {
    const news = [...this.#news.values()];
    if (news.length === 0) return;
    this.#news.clear();
    const senders = new Set(news.map(({ sender }) => sender));
    const all = encodeStates(news.map(({ presence }) => presence));
    for (const member of this.#members.keys()) {
      if (!senders.has(member)) member.send(all);
      else if (news.length > 1)
        member.send(encodeStates(news.filter(({ sender }) => sender !== member).map(({ presence }) => presence)));
    }
  }

  #share(): void {
    if (this.#unshared.size === 0) return;
    this.#channel?.publish([...this.#unshared.values()]);
    this.#unshared.clear();
  }
}

/** The state with the server's word on who this is; whatever the client said there but its colours is replaced. */
function withUser(json: string, user: AwarenessMember['user']): string {
  const state: unknown = parse(json);
  if (state === null || typeof state !== 'object' || Array.isArray(state)) return 'null';
  const claimed = (state as { user?: unknown }).user;
  const { color, colorLight } = (typeof claimed === 'object' && claimed !== null ? claimed : {}) as Record<
    string,
    unknown
  >;
  const text = JSON.stringify({
    ...state,
    user: { ...user, ...colour('color', color), ...colour('colorLight', colorLight) },
  });
  // Written out, `1e20` is longer than it came.
  if (text.length > MAX_SHARED_STATE) throw new MalformedAwareness('a state is too large');
  return text;
}

/** Colours end up in style attributes of other people's pages. */
function colour(key: string, value: unknown): Record<string, string> {
  return typeof value === 'string' && /^#[0-9a-f]{3,8}$/i.test(value) ? { [key]: value } : {};
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new MalformedAwareness('a state is not JSON');
  }
}

function encodeStates(states: readonly Presence[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, states.length);
  for (const { client, clock, state } of states) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, state);
  }
  return encoding.toUint8Array(encoder);
}

function decodeStates(message: Uint8Array): ReceivedState[] {
  try {
    const decoder = decoding.createDecoder(message);
    const count = decoding.readVarUint(decoder);
    if (count > MAX_STATES_IN_MESSAGE) throw new MalformedAwareness('too many states in one message');
    const states: ReceivedState[] = [];
    for (let i = 0; i < count; i++) states.push(decodeState(decoder));
    return states;
  } catch (error) {
    throw error instanceof MalformedAwareness ? error : new MalformedAwareness(String(error));
  }
}

function decodeState(decoder: decoding.Decoder): ReceivedState {
  const client = decoding.readVarUint(decoder);
  const clock = decoding.readVarUint(decoder);
  const bytes = decoding.readVarUint8Array(decoder); // a string on the wire is its length and its UTF-8 bytes
  if (bytes.length > MAX_STATE_BYTES) throw new MalformedAwareness('a state is too large');
  return { client, clock, json: new TextDecoder().decode(bytes) };
}
