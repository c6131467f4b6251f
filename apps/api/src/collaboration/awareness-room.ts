/**
 * Who looks at a file and where their cursors are. Never stored. The server keeps one state a connection, under the client
 * id with which that connection first spoke, and writes the person's name and id into it: a client cannot speak for
 * another, nor leave a ghost behind.
 *
 * Wire format of y-protocols/awareness: varuint count, then for each state varuint client id, varuint clock, JSON text.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

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
  clock: number;
  /** JSON text; `null` as text when the person has gone. */
  state: string;
}

interface ReceivedState {
  readonly client: number;
  readonly clock: number;
  readonly json: string;
}

/** The message is not of the format, or too large. */
export class MalformedAwareness extends Error {}

export class AwarenessRoom {
  readonly #members = new Map<AwarenessMember, Presence | undefined>();

  join(member: AwarenessMember): void {
    this.#members.set(member, undefined);
    const present = this.#present();
    if (present.length > 0) member.send(encodeStates(present));
  }

  /** Tells the others that this member's cursor is gone. */
  leave(member: AwarenessMember): void {
    const presence = this.#members.get(member);
    this.#members.delete(member);
    if (!presence) return;
    presence.clock += 1;
    presence.state = 'null';
    this.#tellOthers(member, presence);
  }

  /** Takes a message of `member`. Throws MalformedAwareness. `ownsClient` tells whether the id is free or the member's own. */
  receive(member: AwarenessMember, message: Uint8Array, ownsClient: (client: number) => boolean): void {
    for (const received of decodeStates(message)) this.#receiveState(member, received, ownsClient);
  }

  /** All states that are present, for a client that asks. */
  snapshot(): Uint8Array {
    return encodeStates(this.#present());
  }

  /** States of others are skipped in silence: y-websocket re-sends what it received as a matter of course. */
  #receiveState(member: AwarenessMember, received: ReceivedState, ownsClient: (client: number) => boolean): void {
    const known = this.#members.get(member);
    if (known ? known.client !== received.client : !this.#mayClaim(received.client, ownsClient)) return;
    if (known && received.clock < known.clock) return;
    const state = withUser(received.json, member.user);
    const presence: Presence = { client: received.client, clock: received.clock, state };
    this.#members.set(member, presence);
    this.#tellOthers(member, presence);
  }

  #mayClaim(client: number, ownsClient: (client: number) => boolean): boolean {
    for (const presence of this.#members.values()) if (presence?.client === client) return false;
    return ownsClient(client);
  }

  #present(): Presence[] {
    return [...this.#members.values()].filter(
      (presence) => presence !== undefined && presence.state !== 'null',
    ) as Presence[];
  }

  #tellOthers(sender: AwarenessMember, presence: Presence): void {
    const update = encodeStates([presence]);
    for (const member of this.#members.keys()) if (member !== sender) member.send(update);
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
  return JSON.stringify({
    ...state,
    user: { ...user, ...colour('color', color), ...colour('colorLight', colorLight) },
  });
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
