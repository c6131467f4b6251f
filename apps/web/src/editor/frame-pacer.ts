/**
 * Theory of operation. Typing makes an update for every key and cursors move with it; the server bounds how many messages a
 * person may send. So between the provider and the socket stands a pacer of one connection:
 *
 *   updates     each goes at once while the budget has room, so that others see it at once and the replay shows it by itself.
 *               Who types on and on has theirs merged, into three frames a second.
 *   awareness   only one's own state, as it is when it goes: every CURSOR_INTERVAL, and less often while updates go, since
 *               these move the cursor as well. But an edit that ends a selection is followed by it at once: until then the
 *               others would see what was written in its place as selected. (The provider also sends everybody else's states back to the server, which
 *               knows them: those are dropped.) Together with the updates at most 280 a minute; see the spec.
 *   step 2      goes at once and holds every update that waited
 *   wait        the server has reached a limit: what changes the document stays here until the time is over
 *
 * Order is kept within a lane. Nothing is lost when the connection ends: the next step 2 is computed from the document.
 */
import { ByteReader, ByteWriter } from '@palimpsest/domain';
import { messageAwareness, messageSync } from 'y-websocket';
import type { FrameBudget } from './frame-budget.js';
import { mergeRun } from './update-merge.js';

/** Second bytes of frames that begin with `messageSync`. */
export const STEP_1 = 0;
export const STEP_2 = 1;
export const UPDATE = 2;

/** Milliseconds between frames with the cursor. */
export const CURSOR_INTERVAL = 300;
/** The same within this time after an update: a limit of 300 messages a minute then has room for both. */
export const CURSOR_INTERVAL_WHILE_TYPING = 1_500;

type SyncStep = typeof STEP_2 | typeof UPDATE;

export interface PacerOptions {
  /** Client id of this tab's own awareness. */
  readonly client: number;
  /** Of the page. */
  readonly budget: FrameBudget;
  /** A frame with the own awareness as it is now. */
  readonly ownAwareness: () => Uint8Array;
  readonly transmit: (frame: Uint8Array) => void;
}

interface Waiting {
  readonly step: SyncStep;
  readonly updates: Uint8Array[];
}

/** Decides when each frame of one connection goes. Times are of `Date.now` and `setTimeout`. */
export class FramePacer {
  readonly #options: PacerOptions;
  readonly #sync = new Lane(() => this.#sendDue());
  readonly #cursor = new Lane(() => this.#sendCursor());
  #waiting: Waiting | null = null;
  #lastUpdate = -Infinity;
  #lastCursor = -Infinity;
  #heldUntil = -Infinity;
  /** The others have been told of a selection, not only of a cursor. */
  #hasToldSelection = false;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** Takes a frame of the provider. */
  send(frame: Uint8Array): void {
    const [type, step] = frame;
    if (type === messageSync && (step === STEP_2 || step === UPDATE)) this.#queue(step, payloadOf(frame));
    else if (type === messageAwareness) this.#queueCursor(frame);
    else this.#options.transmit(frame);
  }

  /** Keeps back what changes the document for `ms` milliseconds from now. */
  hold(ms: number): void {
    this.#heldUntil = Date.now() + ms;
    if (this.#waiting) this.#sync.at(this.#heldUntil);
  }

  /** Sends now what may be sent; the connection is about to end. */
  flush(): void {
    if (this.#waiting && Date.now() >= this.#heldUntil) {
      this.#sync.clear();
      this.#sendSync();
    }
    if (this.#cursor.isSet) this.#cursor.now();
  }

  /** The connection has ended. */
  stop(): void {
    this.#sync.clear();
    this.#cursor.clear();
    this.#waiting = null;
  }

  #queue(step: SyncStep, update: Uint8Array): void {
    if (step === STEP_2) this.#waiting = { step, updates: [update] };
    else if (this.#waiting) this.#waiting.updates.push(update);
    else this.#waiting = { step, updates: [update] };
    if (step === STEP_2) return this.#sync.at(this.#heldUntil);
    this.#plan();
  }

  /** Sends what waits as soon as it may go. */
  #plan(): void {
    this.#sync.at(Math.max(Date.now() + this.#options.budget.wait, this.#heldUntil));
  }

  /** Another file of this page may have used up the budget meanwhile. */
  #sendDue(): void {
    if (this.#waiting?.step === UPDATE && this.#options.budget.wait > 0) this.#plan();
    else this.#sendSync();
  }

  #sendSync(): void {
    const update = this.#waiting && mergeRun(this.#waiting.updates);
    if (!this.#waiting || !update) return;
    const { step } = this.#waiting;
    this.#waiting = null;
    this.#lastUpdate = Date.now();
    this.#options.budget.spend();
    this.#options.transmit(syncFrame(step, update));
    if (this.#hasToldSelection && this.#cursor.isSet) this.#cursor.now();
  }

  /** Farewells go at once: the socket closes next. */
  #queueCursor(frame: Uint8Array): void {
    const state = ownState(frame, this.#options.client);
    if (state === null) return;
    if (state === 'null') {
      this.#cursor.clear();
      return this.#options.transmit(frame);
    }
    if (this.#hasToldSelection && this.#lastUpdate >= this.#lastCursor && !isSelection(state))
      return this.#cursor.now();
    const isTyping = Date.now() - this.#lastUpdate < CURSOR_INTERVAL_WHILE_TYPING;
    this.#cursor.at(this.#lastCursor + (isTyping ? CURSOR_INTERVAL_WHILE_TYPING : CURSOR_INTERVAL));
  }

  #sendCursor(): void {
    const frame = this.#options.ownAwareness();
    this.#lastCursor = Date.now();
    this.#hasToldSelection = isSelection(ownState(frame, this.#options.client) ?? 'null');
    this.#options.transmit(frame);
  }
}

/** One thing to do at one moment: at once when that has passed. */
class Lane {
  readonly #act: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(act: () => void) {
    this.#act = act;
  }

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  at(moment: number): void {
    const delay = moment - Date.now();
    if (delay <= 0) return this.now();
    this.clear();
    this.#timer = setTimeout(() => this.now(), delay);
  }

  now(): void {
    this.clear();
    this.#act();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

export function syncFrame(step: SyncStep, update: Uint8Array): Uint8Array {
  return new ByteWriter().varuint(messageSync).varuint(step).bytes(update).finish();
}

/** The update within a frame of step 2 or an update. */
export function payloadOf(frame: Uint8Array): Uint8Array {
  return new ByteReader(frame.subarray(2)).bytes();
}

/** JSON text of the awareness state in a frame that speaks of `client` alone; null for any other frame. */
function ownState(frame: Uint8Array, client: number): string | null {
  const states = new ByteReader(new ByteReader(frame.subarray(1)).bytes());
  if (states.varuint() !== 1 || states.varuint() !== client) return null;
  states.varuint(); // its clock
  return new TextDecoder().decode(states.bytes());
}

/** Whether a state in JSON has a selection that is not empty. */
function isSelection(state: string): boolean {
  const { cursor } = (JSON.parse(state) ?? {}) as { cursor?: { anchor?: unknown; head?: unknown } | null };
  return !!cursor && JSON.stringify(cursor.anchor) !== JSON.stringify(cursor.head);
}
