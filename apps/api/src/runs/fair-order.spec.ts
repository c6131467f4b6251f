import { describe, expect, it } from '@jest/globals';
import { type AliveRun, changedTurns, placesOf } from './fair-order.js';

/** "a1 a2 b1*": runs of the persons a and b in the order of their requests; * is a script that runs, > a prompt. */
function runs(text: string): AliveRun[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => ({
      run: word.replace(/[*>]/, ''),
      person: word.charAt(0),
      state: word.endsWith('*') ? 'script' : word.endsWith('>') ? 'prompt' : 'waiting',
      turn: null,
      turnNo: null,
    }));
}

/** The queue as BullMQ keeps it: smallest turn first, then the order in which the turns were given. */
class Queue {
  alive: AliveRun[] = [];
  #given = 0;
  constructor(readonly runsPerPerson: number) {}

  dispatch(): void {
    for (const { run, turn } of changedTurns(this.alive, this.runsPerPerson))
      this.#change(run, { turn, turnNo: ++this.#given });
  }

  request(word: string): void {
    this.alive.push(...runs(word));
    this.dispatch();
  }

  /** What an executor takes next. */
  take(): string | undefined {
    const jobs = this.alive.filter(({ state, turn }) => state === 'waiting' && turn !== null);
    jobs.sort((a, b) => (a.turn ?? 0) - (b.turn ?? 0) || (a.turnNo ?? 0) - (b.turnNo ?? 0));
    const run = jobs[0]?.run;
    if (run !== undefined) this.#change(run, { state: 'script' });
    this.dispatch();
    return run;
  }

  end(run: string): void {
    this.alive = this.alive.filter((one) => one.run !== run);
    this.dispatch();
  }

  #change(run: string, change: Partial<AliveRun>): void {
    this.alive = this.alive.map((one) => (one.run === run ? { ...one, ...change } : one));
  }
}

describe('the order of the queue', () => {
  it("a student with ten runs waiting does not delay another's first", () => {
    const queue = new Queue(3);
    for (let n = 1; n <= 10; n++) queue.request(`a${n}`);
    queue.request('b1');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a1', 'b1', 'a2']);
  });

  it('gives no job beyond what one person may run at once, and the next one when a script ends', () => {
    const queue = new Queue(2);
    for (const run of ['a1', 'a2', 'a3', 'a4']) queue.request(run);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a1', 'a2', undefined]);
    queue.end('a1');
    expect([queue.take(), queue.take()]).toEqual(['a3', undefined]);
  });

  it('a prompt holds no place of its owner', () => {
    expect(changedTurns(runs('a1> a2> a3> a4'), 3)).toEqual([{ run: 'a4', turn: 1 }]);
  });

  it.each([
    ['a1 a2 a3 b1', 3, 'a1:0 b1:1 a2:2 a3:3'],
    ['a1* a2 b1', 3, 'b1:0 a2:1'],
    ['a1* a2* a3 b1 c1', 2, 'b1:0 c1:1 a3:2!'],
    ['a1* b1>', 2, ''],
  ])('places in "%s" with %s for each person', (text, most, expected) => {
    const queue = new Queue(most);
    queue.alive = runs(text);
    queue.dispatch();
    const places = [...placesOf(queue.alive, most)].map(
      ([run, { before, waitsForOwn }]) => `${run}:${before}${waitsForOwn ? '!' : ''}`,
    );
    expect(places.join(' ')).toBe(expected);
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
    'whatever happens: the shown place is the true one, nobody exceeds the limit, first ones come first, all get through (seed %s)',
    (seed) => new Fuzz(seed).run(),
  );
});

class Fuzz {
  readonly #most: number;
  readonly #queue: Queue;
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2_654_435_761;
    this.#most = 1 + this.#random(4);
    this.#queue = new Queue(this.#most);
  }

  run(): void {
    const queue = this.#queue;
    for (let step = 0; step < 60; step++) {
      const running = queue.alive.filter(({ state }) => state === 'script');
      const kind = this.#random(5);
      if (kind < 2) queue.request(`${'abcd'.charAt(this.#random(4))}${step}`);
      else if (kind < 4) this.#take();
      else if (running.length > 0) queue.end(running[this.#random(running.length)]?.run ?? '');
    }
    for (const { run } of queue.alive.filter(({ state }) => state === 'script')) queue.end(run);
    for (let left = queue.alive.length; left > 0; left--)
      queue.end(this.#take() ?? 'nobody, and so the end is not reached');
    expect(queue.alive).toEqual([]);
  }

  #take(): string | undefined {
    const before = this.#queue.alive;
    const first = [...placesOf(before, this.#most)].find(([, { waitsForOwn }]) => !waitsForOwn)?.[0];
    const taken = this.#queue.take();
    expect(taken).toBe(first);
    if (taken === undefined) return undefined;
    const scripts = this.#queue.alive.filter((one) => one.person === taken.charAt(0) && one.state === 'script').length;
    expect(scripts).toBeLessThanOrEqual(this.#most);
    const holds = (person: string) => before.some((one) => one.person === person && one.state === 'script');
    // As long as somebody with nothing running waits, nobody gets another one.
    if (before.some((one) => one.state === 'waiting' && !holds(one.person))) expect(scripts).toBe(1);
    return taken;
  }

  /** A whole number below `limit`, the same for the same seed. */
  #random(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}
