import { type EventStore, Unavailable } from '@palimpsest/event-store';
import { type Dice, happens, pick } from './scenario.js';

/** What can happen to an append, as often as it stands here. */
const CLOUDS = [
  'fine',
  'fine',
  'fine',
  'fine',
  'late',
  'late',
  'answered late',
  'answered late',
  'answered late',
  'watched',
  'unanswered',
  'away',
] as const;
type Cloud = (typeof CLOUDS)[number];

/** Longest delay, milliseconds. */
const MAX_DELAY = 12;
/** How often in a hundred what other nodes recorded comes late, and how late at most, milliseconds. */
const LATE_NEWS_PERCENT = 20;
const MAX_NEWS_DELAY = 150;
/** A room waits half a second for a store that is away: that often in a hundred is enough. */
const AWAY_PERCENT = 10;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** The weather at one node's store for one stream. */
export class Weather {
  readonly #dice: Dice;
  readonly #audit: () => Promise<void>;
  #isCalm = false;
  #breaks: 'before' | 'after' | undefined;

  constructor(dice: Dice, audit: () => Promise<void>) {
    this.#dice = dice;
    this.#audit = audit;
  }

  calm(): void {
    this.#isCalm = true;
    this.#breaks = undefined;
  }

  /** The next append fails for good: the room breaks, and all that it had in memory only is gone, as after a kill. */
  breakNext(): void {
    if (!this.#isCalm) this.#breaks = happens(this.#dice, 50) ? 'before' : 'after';
  }

  async pass<T>(append: () => Promise<T>): Promise<T> {
    if (this.#isCalm) return append();
    if (this.#breaks) return this.#break(append);
    const delay = this.#dice(MAX_DELAY);
    switch (this.#next()) {
      case 'fine':
        return append();
      case 'late':
        await pause(delay);
        return append();
      case 'watched':
        // Whatever was promised too early has arrived at the clients by the end of the delay.
        await pause(delay);
        await this.#audit();
        return append();
      case 'answered late': {
        const answer = await append();
        await pause(delay);
        return answer;
      }
      case 'unanswered':
        await append();
        throw new Unavailable('the answer was lost');
      case 'away':
        throw new Unavailable('the store is away');
    }
  }

  /** Before the room gets something that it follows. */
  async delayNews(): Promise<void> {
    if (!this.#isCalm && happens(this.#dice, LATE_NEWS_PERCENT)) await pause(this.#dice(MAX_NEWS_DELAY));
  }

  #next(): Cloud {
    const cloud = pick(this.#dice, CLOUDS);
    const isAway = cloud === 'unanswered' || cloud === 'away';
    return isAway && !happens(this.#dice, AWAY_PERCENT) ? 'fine' : cloud;
  }

  async #break(append: () => Promise<unknown>): Promise<never> {
    const moment = this.#breaks;
    this.#breaks = undefined;
    await pause(this.#dice(MAX_DELAY));
    if (moment === 'after') await append();
    await this.#audit();
    throw new Error('The weather broke this append.');
  }
}

/** Weather by stream, for the appends of a node and for what it follows. */
export class Sky {
  readonly #weathers = new Map<string, Weather>();

  /** What the store is asked for goes through the sky from now on. */
  constructor(store: EventStore) {
    const append = store.append.bind(store);
    const subscribe = store.subscribeStream.bind(store);
    store.append = (stream, events, options) => {
      const weather = this.#weathers.get(stream);
      const act = () => append(stream, events, options);
      return weather ? weather.pass(act) : act();
    };
    store.subscribeStream = (stream, options) => this.#delayed(stream, subscribe(stream, options));
  }

  set(stream: string, weather: Weather): void {
    this.#weathers.set(stream, weather);
  }

  async *#delayed<T>(stream: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      await this.#weathers.get(stream)?.delayNews();
      yield item;
    }
  }
}
