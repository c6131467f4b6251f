import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ByteWriter } from '@palimpsest/domain';
import * as Y from 'yjs';
import { BURST, FrameBudget, REFILL } from './frame-budget.js';
import {
  CURSOR_INTERVAL,
  CURSOR_INTERVAL_WHILE_TYPING,
  FramePacer,
  payloadOf,
  STEP_2,
  syncFrame,
  UPDATE,
} from './frame-pacer.js';

const ME = 7;
const text = new TextEncoder();

/** A frame of y-protocols/awareness about these clients. */
function awareness(state: string, ...clients: number[]): Uint8Array {
  const update = new ByteWriter().varuint(clients.length);
  for (const client of clients) update.varuint(client).varuint(1).bytes(text.encode(state));
  return new ByteWriter().varuint(1).bytes(update.finish()).finish();
}

const MINE = awareness('{}', ME);

/** Somebody who types into a document whose frames go through a pacer. */
class Typist {
  readonly frames: Uint8Array[] = [];
  readonly doc = new Y.Doc();
  readonly pacer: FramePacer;
  #state = MINE;

  constructor(budget = new FrameBudget()) {
    this.pacer = new FramePacer({
      client: ME,
      budget,
      ownAwareness: () => this.#state,
      transmit: (frame) => this.frames.push(frame),
    });
    this.doc.on('update', (update: Uint8Array) => this.pacer.send(syncFrame(UPDATE, update)));
  }

  type(key: string): void {
    const shared = this.doc.getText('text');
    shared.insert(shared.length, key);
  }

  /** As the provider hands over a state that has changed. */
  points(state: Uint8Array): void {
    this.#state = state;
    this.pacer.send(state);
  }

  /** What a server makes of the frames. */
  get received(): string {
    const server = new Y.Doc();
    for (const frame of this.frames) if (frame[0] === 0) Y.applyUpdate(server, payloadOf(frame));
    expect(server.store.pendingStructs).toBeNull();
    return server.getText('text').toString();
  }
}

function spent(): FrameBudget {
  const budget = new FrameBudget();
  while (budget.wait === 0) budget.spend();
  return budget;
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('FramePacer', () => {
  it('sends every key at once, and merges those of somebody who types on and on', () => {
    const ada = new Typist();
    for (let key = 0; key < BURST; key++) ada.type('a');
    expect(ada.frames.length).toBe(BURST);
    for (const key of 'bcd') ada.type(key);
    expect(ada.frames.length).toBe(BURST);
    jest.advanceTimersByTime(REFILL);
    expect(ada.frames.length).toBe(BURST + 1);
    expect(ada.received).toBe(`${'a'.repeat(BURST)}bcd`);
    jest.advanceTimersByTime(REFILL);
    ada.type('e');
    expect(ada.frames.length).toBe(BURST + 2);
  });

  it('shares its budget with the other files of the page', () => {
    const budget = new FrameBudget();
    const [one, two] = [new Typist(budget), new Typist(budget)];
    for (let key = 0; key < 200; key++) {
      one.type('1');
      two.type('2');
      jest.advanceTimersByTime(10);
    }
    expect(one.frames.length + two.frames.length).toBeLessThanOrEqual(BURST + Math.ceil(2_000 / REFILL));
    jest.advanceTimersByTime(2 * REFILL);
    expect([one.received, two.received]).toEqual(['1'.repeat(200), '2'.repeat(200)]);
  });

  it.each([40, 80, 150, 400])(
    'stays below 300 messages in every minute of typing a key every %i ms with a moving cursor',
    (pause) => {
      const ada = new Typist();
      const sentAt: number[] = [];
      const begin = Date.now();
      let written = '';
      while (Date.now() - begin < 300_000) {
        ada.type('x');
        written += 'x';
        ada.pacer.send(MINE);
        jest.advanceTimersByTime(pause);
        while (sentAt.length < ada.frames.length) sentAt.push(Date.now());
      }
      const worst = Math.max(...sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + 60_000).length));
      // The question that keeps the connection alive comes six times a minute.
      expect(worst + 6).toBeLessThan(300);
      ada.pacer.flush();
      expect(ada.received).toBe(written);
    },
  );

  it('stays below 300 messages a minute while the cursor moves without typing', () => {
    const ada = new Typist();
    for (let ms = 0; ms < 60_000; ms += 30) {
      ada.pacer.send(MINE);
      jest.advanceTimersByTime(30);
    }
    expect(ada.frames.length).toBeLessThan(210);
    expect(ada.frames.length).toBeGreaterThan(100);
  });

  it.each([
    ['at once', new FrameBudget()],
    ['with the edit, where that has to wait', spent()],
  ])('says that a selection has gone when an edit replaces it, %s', (_, budget) => {
    const ada = new Typist(budget);
    const everything = awareness('{"cursor":{"anchor":{"item":{"client":7,"clock":0}},"head":{"tname":"text"}}}', ME);
    const end = awareness('{"cursor":{"anchor":{"tname":"text"},"head":{"tname":"text"}}}', ME);
    ada.points(everything);
    expect(ada.frames).toEqual([everything]);
    jest.advanceTimersByTime(budget.wait === 0 ? CURSOR_INTERVAL : 1);
    ada.type('x');
    ada.points(end);
    jest.advanceTimersByTime(budget.wait);
    expect(ada.frames.map(([type]) => type)).toEqual([1, 0, 1]);
    expect(ada.frames.at(-1)).toEqual(end);
    // A cursor that is only typed on may wait: it says "before what follows", which stays true.
    ada.type('y');
    ada.points(end);
    jest.advanceTimersByTime(CURSOR_INTERVAL_WHILE_TYPING - CURSOR_INTERVAL);
    expect(ada.frames.filter(([type]) => type === 1)).toHaveLength(2);
  });

  it('drops the states of others, which the server sent, and says good-bye at once', () => {
    const ada = new Typist();
    ada.pacer.send(awareness('{}', 8));
    ada.pacer.send(awareness('{}', ME, 8));
    jest.runAllTimers();
    expect(ada.frames).toEqual([]);
    ada.pacer.send(MINE);
    ada.pacer.send(MINE);
    ada.pacer.send(awareness('null', ME));
    expect(ada.frames).toEqual([MINE, awareness('null', ME)]);
    jest.runAllTimers();
    expect(ada.frames.length).toBe(2);
  });

  it('sends step 2 at once, with what waited, which it holds as well', () => {
    const ada = new Typist(spent());
    for (const key of 'ab') ada.type(key);
    ada.pacer.send(syncFrame(STEP_2, Y.encodeStateAsUpdate(ada.doc)));
    expect(ada.frames.map((frame) => frame[1])).toEqual([STEP_2]);
    jest.runAllTimers();
    expect(ada.frames.length).toBe(1);
    expect(ada.received).toBe('ab');
  });

  it('holds changes for as long as the server asks, and loses none; the cursor goes on', () => {
    const ada = new Typist();
    ada.type('a');
    ada.pacer.hold(5_000);
    for (const key of 'bcdef') ada.type(key);
    ada.pacer.send(MINE);
    jest.advanceTimersByTime(4_999);
    ada.pacer.flush();
    expect(ada.frames.map((frame) => frame[0])).toEqual([0, 1]);
    jest.advanceTimersByTime(1);
    expect(ada.frames.length).toBe(3);
    expect(ada.received).toBe('abcdef');
  });

  it('takes a new time instead of the old one', () => {
    const ada = new Typist();
    ada.pacer.hold(1_000);
    ada.type('a');
    ada.pacer.hold(3_000);
    jest.advanceTimersByTime(2_999);
    expect(ada.frames.length).toBe(0);
    jest.advanceTimersByTime(1);
    expect(ada.received).toBe('a');
  });

  it('sends what waits when the page goes, and nothing after the end', () => {
    const ada = new Typist(spent());
    for (const key of 'ab') ada.type(key);
    expect(ada.frames.length).toBe(0);
    ada.pacer.flush();
    expect(ada.received).toBe('ab');
    ada.type('c');
    ada.pacer.stop();
    jest.runAllTimers();
    expect(ada.frames.length).toBe(1);
  });
});
