import { randomUUID } from 'node:crypto';
import { encodeEvent, type EventMetadata, type RunEvent } from '@palimpsest/domain';
import { type EventStore, type NewEvent, Unavailable } from '@palimpsest/event-store';

/** UTF-16 units of text in one OutputEmitted: some 64 KiB, far below the limit of an append even when all is escaped. */
const MAX_TEXT = 65_536;
/** Events in one append, and the bytes up to which one counts as small: with the output they stay below the store's limit. */
const MOST_EVENTS = 32;
const SMALL_BYTES = 8_192;
/** Bytes of output that wait for the store before the program is made to wait as well. */
const PAUSE_ABOVE = 262_144;
const RESUME_BELOW = 65_536;
const RETRY_MS = 500;

type Entry =
  | { readonly kind: 'output'; readonly ms: number; readonly text: string }
  | { readonly kind: 'event'; readonly event: RunEvent }
  /** Its place is taken, but what it is is not known yet; undefined: nothing after all. */
  | { readonly kind: 'later'; readonly event: Promise<RunEvent | undefined> };

export interface Source {
  /** Too much waits for the store: let the program wait. */
  pause(): void;
  resume(): void;
  /** The store refuses for a reason that does not pass. What waits is lost; the program must end, and its end is recorded. */
  fault(error: unknown): void;
}

/**
 * The part of a run's stream that its executor writes. Entries keep their order. One append is under way at a time; output
 * that arrives meanwhile becomes one event of the next append, so that a flood costs few events and a single line no delay.
 *
 * Appends expect `any` revision: input of people lands in the same stream at any moment, and output does not depend on it.
 * That this executor is the only one that writes output is settled by RunStarted, which is appended at an exact revision.
 */
export class RunLog {
  readonly #store: EventStore;
  readonly #stream: string;
  readonly #metadata: Omit<EventMetadata, 'v'>;
  readonly #source: Source;
  #entries: Entry[] = [];
  #waiting = 0;
  #paused = false;
  #closed = false;
  /** Something was lost: only the end of the run may follow. */
  #faulty = false;
  #writing: Promise<void> | undefined;

  constructor(store: EventStore, stream: string, metadata: Omit<EventMetadata, 'v'>, source: Source) {
    this.#store = store;
    this.#stream = stream;
    this.#metadata = metadata;
    this.#source = source;
  }

  output(ms: number, text: string): void {
    if (this.#closed || this.#faulty) return;
    for (const piece of pieces(text)) this.#entries.push({ kind: 'output', ms, text: piece });
    this.#waiting += text.length;
    if (this.#waiting > PAUSE_ABOVE && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#write();
  }

  event(event: RunEvent): void {
    if (this.#closed || (this.#faulty && event.type !== 'RunFinished')) return;
    this.#entries.push({ kind: 'event', event });
    this.#write();
  }

  /** An event that refers to something that has to be stored first. What comes after it waits for it. Must not reject. */
  later(event: Promise<RunEvent | undefined>): void {
    if (this.#closed || this.#faulty) return;
    this.#entries.push({ kind: 'later', event });
    this.#write();
  }

  /** Records nothing more: the stream has its end already. */
  discard(): void {
    this.#closed = true;
    this.#entries = [];
  }

  /** Resolves when everything so far is recorded. Never rejects: `fault` is told. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #write(): void {
    if (this.#entries.length > 0) this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#entries.length > 0) await this.#writeNext();
      // In the same turn as the last look at what waits: what came between the two would wait for ever.
      this.#writing = undefined;
    } catch (error) {
      this.#faulty = true;
      this.#entries = [];
      this.#writing = undefined;
      this.#source.fault(error);
    }
  }

  async #writeNext(): Promise<void> {
    const { events, characters } = await this.#take();
    if (events.length > 0) await this.#append(events);
    this.#waiting -= characters;
    if (this.#paused && this.#waiting < RESUME_BELOW) {
      this.#paused = false;
      this.#source.resume();
    }
  }

  /**
   * What goes into the next append, in its order: small events, and among them once as much output as fits into one event;
   * or one event that is large or has to be waited for.
   */
  async #take(): Promise<{ events: NewEvent[]; characters: number }> {
    const events: NewEvent[] = [];
    let characters = 0;
    for (let [next] = this.#entries; next && events.length < MOST_EVENTS; [next] = this.#entries) {
      if (next.kind === 'output') {
        if (characters > 0) break;
        const output = this.#takeOutput();
        characters = output.characters;
        events.push(this.#encode(output.event));
        continue;
      }
      if (next.kind === 'later' && events.length > 0) break;
      const event = await next.event;
      const encoded = event && this.#encode(event);
      const isLarge = encoded !== undefined && encoded.data.byteLength > SMALL_BYTES;
      if (isLarge && events.length > 0) break;
      this.#entries.shift();
      if (encoded) events.push(encoded);
      if (isLarge || next.kind === 'later') break;
    }
    return { events, characters };
  }

  #encode(event: RunEvent): NewEvent {
    return { id: randomUUID(), ...encodeEvent(event, this.#metadata) };
  }

  #takeOutput(): { readonly event: RunEvent; readonly characters: number } {
    const chunks: [number, string][] = [];
    let characters = 0;
    let taken = 0;
    for (const entry of this.#entries) {
      if (entry.kind !== 'output' || (taken > 0 && characters + entry.text.length > MAX_TEXT)) break;
      const last = chunks.at(-1);
      if (last?.[0] === entry.ms) last[1] += entry.text;
      else chunks.push([entry.ms, entry.text]);
      characters += entry.text.length;
      taken += 1;
    }
    this.#entries.splice(0, taken);
    return { event: { type: 'OutputEmitted', data: { chunks } }, characters };
  }

  /** Tries until the store has them; the ids stay the same, so that nothing is recorded twice. */
  async #append(events: readonly NewEvent[]): Promise<void> {
    for (;;) {
      try {
        await this.#store.append(this.#stream, events, { expected: 'any' });
        return;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

/** Cuts a text into pieces that fit, never through a pair of surrogates. */
function pieces(text: string): string[] {
  const cut: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + MAX_TEXT, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end -= 1;
    cut.push(text.slice(at, end));
    at = end;
  }
  return cut;
}
