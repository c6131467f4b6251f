/**
 * What the nodes tell each other about awareness, as JSON text. Nothing in it is stored; what comes in is checked as if it
 * came from a client, since whoever may write to the bus may write anything.
 *
 *   {"v":1,"node":<uuid>,"file":<uuid>,"kind":"ask"}
 *   {"v":1,"node":<uuid>,"file":<uuid>,"kind":"states","states":[[client, clock, state, user id, name, role], …]}
 *
 * `state` is the JSON text of y-protocols/awareness, `null` as text for somebody who has gone.
 */
import { isId, ROLES } from '@palimpsest/domain';

/** A state with the person whose it is. */
export interface SharedState {
  readonly client: number;
  readonly clock: number;
  readonly state: string;
  readonly user: { readonly id: string; readonly name: string; readonly role: string };
}

export type AwarenessMessage =
  | { readonly kind: 'ask'; readonly node: string; readonly file: string }
  | { readonly kind: 'states'; readonly node: string; readonly file: string; readonly states: readonly SharedState[] };

/** A payload of NOTIFY has less than 8,000 bytes (documentation of PostgreSQL, NOTIFY). */
const MAX_MESSAGE_BYTES = 7_900;
/** Characters of one state's text, with what the server has put into it. */
export const MAX_SHARED_STATE = 3_072;
const MAX_NAME = 80;

/** The question who is looking at `file`. */
export function encodeAsk(node: string, file: string): string {
  return JSON.stringify({ v: 1, node, file, kind: 'ask' });
}

/** The states in as many messages as are needed to keep each below 7,900 bytes. A state that fits into none is left out. */
export function encodeShared(node: string, file: string, states: readonly SharedState[]): string[] {
  const head = JSON.stringify({ v: 1, node, file, kind: 'states' }).slice(0, -1);
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const { client, clock, state, user } of states) {
    const text = JSON.stringify([client, clock, state, user.id, user.name, user.role]);
    const size = Buffer.byteLength(text) + 1;
    if (head.length + size + 20 > MAX_MESSAGE_BYTES) continue;
    if (bytes + size > MAX_MESSAGE_BYTES) {
      groups.push([]);
      bytes = head.length + 20;
    }
    groups.at(-1)?.push(text);
    bytes += size;
  }
  return groups.map((group) => `${head},"states":[${group.join()}]}`);
}

/** The message in `text`, or undefined for anything that is not one. Never throws. */
export function decodeMessage(text: string): AwarenessMessage | undefined {
  if (text.length > MAX_MESSAGE_BYTES) return undefined;
  const value = parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, node, file, kind, states } = value as Record<string, unknown>;
  if (v !== 1 || !isIdText(node) || !isIdText(file)) return undefined;
  if (kind === 'ask') return { kind, node, file };
  if (kind !== 'states' || !Array.isArray(states)) return undefined;
  const shared = states.map(toShared);
  return shared.includes(undefined) ? undefined : { kind, node, file, states: shared as SharedState[] };
}

function toShared(value: unknown): SharedState | undefined {
  if (!Array.isArray(value)) return undefined;
  const [client, clock, state, id, name, role] = value as unknown[];
  if (!isNumber(client) || !isNumber(clock) || !isText(state, MAX_SHARED_STATE)) return undefined;
  if (!isIdText(id) || !isText(name, MAX_NAME) || !isText(role, MAX_NAME)) return undefined;
  if (!(ROLES as readonly string[]).includes(role)) return undefined;
  return { client, clock, state, user: { id, name, role } };
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}

function isIdText(value: unknown): value is string {
  return typeof value === 'string' && isId(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
