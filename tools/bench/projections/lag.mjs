/** How long after its acknowledgement an event shows in each read model, while a class makes a thousand a second. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks at the checkpoints, which move with the rows: part of what is measured. */
const LOOK_MS = 5;
/** Milliseconds between two times at which events are appended. */
const TURN_MS = 10;

/** Whether a projector reads this event, as its filter says. */
function concerns({ streamPrefixes, typePrefixes }, { stream, type }) {
  const begins = (text, prefixes) => !prefixes || prefixes.some((prefix) => text.startsWith(prefix));
  return begins(stream, streamPrefixes) && begins(type, typePrefixes);
}

/** Remembers what was acknowledged until it shows. */
class Watch {
  #waiting;
  #compare;
  lags;

  constructor(projectors, compare) {
    this.projectors = projectors;
    this.#compare = compare;
    this.#waiting = new Map(projectors.map(({ name }) => [name, []]));
    this.lags = new Map(projectors.map(({ name }) => [name, []]));
  }

  acknowledged(events, position) {
    const at = performance.now();
    for (const projector of this.projectors)
      if (events.some((event) => concerns(projector, event)))
        this.#waiting.get(projector.name).push({ position, at, count: events.length });
  }

  shows(name, position) {
    const waiting = this.#waiting.get(name);
    if (!waiting || position === null) return;
    const now = performance.now();
    // Appends are acknowledged nearly in the order of the log; the few that are not wait for the next look.
    const left = waiting.filter((one) => {
      if (this.#compare(one.position, position) > 0) return true;
      this.lags.get(name).push(now - one.at);
      return false;
    });
    this.#waiting.set(name, left);
  }

  get pending() {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

async function look(pool, watch, until) {
  while (!until()) {
    const { rows } = await pool.query('select projection, position from read.checkpoint');
    for (const { projection, position } of rows) watch.shows(projection, position);
    await pause(LOOK_MS);
  }
}

/** Lags by read model and the rate that was reached. */
export async function measureLag({ url, pool, store, log, projectors, perSecond, seconds }) {
  const runners = fork(join(import.meta.dirname, 'runners.mjs'), [url]);
  await once(runners, 'message');
  await pause(1_500); // all of them have their turn
  const watch = new Watch(projectors, (a, b) => store.comparePositions(a, b));
  let ended = false;
  const looking = look(pool, watch, () => ended && watch.pending === 0);
  const begin = performance.now();
  const appends = new Set();
  let sent = 0;
  while (performance.now() - begin < seconds * 1_000) {
    while (sent < ((performance.now() - begin) * perSecond) / 1_000) {
      const events = log.next();
      sent += events.length;
      const { stream } = events[0];
      const append = store
        .append(
          stream,
          events.map(({ id, type, contentType, data, metadata }) => ({ id, type, contentType, data, metadata })),
          { expected: 'any' },
        )
        .then(({ position }) => watch.acknowledged(events, position))
        .finally(() => appends.delete(append));
      appends.add(append);
    }
    await pause(TURN_MS);
  }
  await Promise.all(appends);
  const rate = (sent * 1_000) / (performance.now() - begin);
  ended = true;
  await Promise.race([looking, pause(20_000).then(() => Promise.reject(new Error('events did not show in 20 s')))]);
  runners.disconnect();
  await once(runners, 'exit');
  return { lags: watch.lags, rate };
}
