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

  connected(): void {
    this.#restart();
    this.#connected = true;
    this.#ending = null;
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

  /** The person changed the document. To be called before the provider sends the update. */
  edited(): void {
    this.#loose += 1;
  }

  /** To be asked for every frame of this connection, in the order of sending. */
  admit(frame: Uint8Array): Verdict {
    if (frame[0] !== SYNC || (frame[1] !== SYNC_STEP_2 && frame[1] !== SYNC_UPDATE)) return 'send';
    if (frame[1] === SYNC_UPDATE && !this.#stepTwoSent) return 'withhold';
    this.#stepTwoSent = true;
    this.#inFlight.push(this.#loose);
    this.#loose = 0;
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

  get state(): SaveState {
    const edits = this.unsaved;
    if (this.#ending !== null) return { kind: 'ended', edits, message: this.#ending };
    if (!this.#connected) return { kind: this.#everSynchronised || edits > 0 ? 'offline' : 'opening', edits };
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
  }
}
