/**
 * Reads a number of events and tells how much memory that took: `memory-reader.mjs <replay|subscribe> <url> <events>`,
 * with --expose-gc. A subscriber takes the first event, then sleeps until it is told to go on.
 */
import { once } from 'node:events';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';

const SAMPLE_MS = 5;

const [how, url, text] = process.argv.slice(2);
const expected = Number(text);
const store = createPostgresEventStore({ connectionString: url });
const mebibytes = (bytes) => bytes / 2 ** 20;

/** Highest resident memory since `begin`. The kernel's own mark would include the start of the process. */
class Peak {
  idle = 0;
  highest = 0;

  begin() {
    globalThis.gc();
    this.idle = process.memoryUsage.rss();
    this.timer = setInterval(() => this.look(), SAMPLE_MS);
  }

  look() {
    this.highest = Math.max(this.highest, process.memoryUsage.rss());
  }

  end() {
    clearInterval(this.timer);
    this.look();
    return { idle: mebibytes(this.idle), peak: mebibytes(this.highest) };
  }
}

/** Counts events, and those that do not follow the one before: in the log, and in their stream. */
class Counter {
  events = 0;
  faults = 0;
  #position;
  #revisions = new Map();

  see({ stream, revision, position }) {
    this.events++;
    const before = this.#revisions.get(stream) ?? -1n;
    const inOrder = this.#position === undefined || store.comparePositions(position, this.#position) > 0;
    if (!inOrder || revision !== before + 1n) this.faults++;
    this.#position = position;
    this.#revisions.set(stream, revision);
  }
}

async function replay(peak, counter) {
  await store.head(); // connected
  peak.begin();
  const begun = performance.now();
  for await (const event of store.readAll()) counter.see(event);
  return { seconds: (performance.now() - begun) / 1000 };
}

async function subscribe(peak, counter) {
  const end = new AbortController();
  let fellBehind = 0;
  let begun = 0;
  for await (const item of store.subscribe({ after: 'start', signal: end.signal })) {
    if (item.kind === 'fellBehind') fellBehind++;
    if (item.kind === 'caughtUp' && counter.events === 0) {
      peak.begin();
      process.send({ kind: 'waiting' });
    }
    if (item.kind !== 'event') continue;
    counter.see(item.event);
    if (counter.events === 1) {
      await once(process, 'message');
      begun = performance.now();
    }
    if (counter.events === expected) break;
  }
  return { seconds: (performance.now() - begun) / 1000, fellBehind };
}

const peak = new Peak();
const counter = new Counter();
const result = await (how === 'replay' ? replay : subscribe)(peak, counter);
const { events, faults } = counter;
process.send({ kind: 'done', ...peak.end(), ...result, events, faults });
await store.close();
process.disconnect();
