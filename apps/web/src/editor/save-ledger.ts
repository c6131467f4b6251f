import type { Place } from '../outbox/outbox.js';
import type { SaveState } from '../save-status.js';

/** First bytes of the frames of y-websocket that can change the document. */
const SYNC = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

/** What to do with a frame that the provider is about to send. */
export type Verdict = 'send' | 'withhold';

/**
 * Counts which edits of one document are durable. Pure: it knows neither sockets nor Yjs; the provider tells it what happens.
 *
 * An edit is *loose* until a frame of the present connection carries it, then it is *in flight*, and it is durable once the
 * server has acknowledged that frame. The server acknowledges by number: "the first n frames of this connection".
 *
 *   connection opens   all in flight become loose: what the old connection lost is not known
 *   step 2             carries everything that is loose: it is computed from the whole document
 *   update             carries the edit that made it
 *
 * A frame that had to leave something out (see sendable-part.ts) carries nothing in these books: what is loose stays loose until
 * a frame holds all of it. So edits become durable in the order in which they were made, and a count says which.
 *
 * An update before the first step 2 of a connection is withheld. It would come before the edits that were made offline, and the
 * server refuses an update with a gap before it; step 2, which follows at once, holds it as well.
 */
export class SaveLedger {
  /** Edits that no frame of this connection has carried. */
  #loose = 0;
  /** Edits that each frame carries, for the frames not acknowledged yet, in the order of sending. */
  #inFlight: number[] = [];
  /** Frames of this connection that are durable. */
  #durable = 0;
  #connected = false;
  #everSynchronised = false;
  #synchronised = false;
  #stepTwoSent = false;
  #savedAt: number | null = null;
  #ending: string | null = null;
  #made = 0;
  #isHeld = false;
  #waitsUntil: number | null = null;

  readonly #place: () => Place;

  /** `place` tells where edits are until they are durable. */
  constructor(place: () => Place = () => 'tab') {
    this.#place = place;
  }

  connected(): void {
    this.#restart();
    this.#connected = true;
    this.#ending = null;
    this.#waitsUntil = null;
  }

  disconnected(): void {
    this.#restart();
    this.#connected = false;
  }

  /** The server's state has arrived. */
  synchronised(): void {
    this.#synchronised = true;
    this.#everSynchronised = true;
  }

  /** The server closed for good; `message` says why. */
  ended(message: string): void {
    this.disconnected();
    this.#ending = message;
  }

  /** The person changed the document, `times` times. To be called before the provider sends the update. */
  edited(times = 1): void {
    this.#loose += times;
    this.#made += times;
  }

  /** The server takes no more changes until this moment (milliseconds since 1970); null: it does again. */
  waits(until: number | null): void {
    this.#waitsUntil = until;
  }

  /** To be asked for every frame of this connection, in the order of sending. `isHeld`: it had to leave own edits out. */
  admit(frame: Uint8Array, isHeld = false): Verdict {
    if (frame[0] !== SYNC || (frame[1] !== SYNC_STEP_2 && frame[1] !== SYNC_UPDATE)) return 'send';
    if (frame[1] === SYNC_UPDATE && !this.#stepTwoSent) return 'withhold';
    this.#stepTwoSent = true;
    this.#isHeld = isHeld;
    this.#inFlight.push(isHeld ? 0 : this.#loose);
    if (!isHeld) this.#loose = 0;
    return 'send';
  }

  /** The first `count` frames are durable since `at` (milliseconds since 1970). */
  acknowledged(count: number, at: number): void {
    const news = Math.min(count - this.#durable, this.#inFlight.length);
    if (news <= 0) return;
    this.#inFlight.splice(0, news);
    this.#durable += news;
    this.#savedAt = at;
  }

  /** The server's state has been here at least once. */
  get hasArrived(): boolean {
    return this.#everSynchronised;
  }

  /** Local edits that are not known to be durable. */
  get unsaved(): number {
    return this.#inFlight.reduce((sum, edits) => sum + edits, this.#loose);
  }

  /** Edits that are durable, of all that were made: always the oldest. */
  get durableEdits(): number {
    return this.#made - this.unsaved;
  }

  get state(): SaveState {
    const edits = this.unsaved;
    if (this.#ending !== null) return { kind: 'ended', edits, message: this.#ending };
    if (this.#waitsUntil !== null && edits > 0) return { kind: 'waiting', edits, until: this.#waitsUntil };
    if (!this.#connected && (this.#everSynchronised || edits > 0))
      return { kind: 'offline', edits, place: this.#place() };
    if (!this.#connected) return { kind: 'opening', edits };
    if (this.#isHeld) return { kind: 'held', edits };
    // Nothing typed but frames open: a connection that has just begun.
    if (edits > 0) return { kind: 'saving', edits };
    if (!this.#isComplete() || this.#savedAt === null) return { kind: 'opening', edits };
    return { kind: 'saved', at: this.#savedAt };
  }

  #isComplete(): boolean {
    return this.#synchronised && this.#stepTwoSent && this.#inFlight.length === 0;
  }

  #restart(): void {
    this.#loose = this.unsaved;
    this.#inFlight = [];
    this.#durable = 0;
    this.#synchronised = false;
    this.#stepTwoSent = false;
    this.#isHeld = false;
  }
}
