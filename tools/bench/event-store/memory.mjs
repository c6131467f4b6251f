/**
 * Memory of a process that reads a million events: one that lags behind a writer by all of them, and one that replays them.
 * Each is a process of its own (memory-reader.mjs), and so is the writer.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const EVENTS = 1_000_000;
/** MiB. What may be resident at the worst moment, and how much more than in the idle process. */
const MOST_RESIDENT = 300;
const MOST_GROWTH = 100;

const script = (name) => join(import.meta.dirname, `${name}.mjs`);

/** `url` names an empty, migrated log. */
export async function memoryMetrics(url, say) {
  say(`a subscriber that sleeps while ${EVENTS.toLocaleString('en')} events are appended`);
  const subscriber = start('memory-reader', ['subscribe', url, EVENTS]);
  await told(subscriber, 'waiting');
  const filled = performance.now();
  await told(start('memory-writer', [url, EVENTS]), 'done');
  const seconds = (performance.now() - filled) / 1000;
  say('the subscriber drains');
  subscriber.send('go on');
  const lagging = await told(subscriber, 'done');
  say('replay of all of them');
  const replaying = await told(start('memory-reader', ['replay', url, EVENTS]), 'done');
  return {
    'memory: events appended meanwhile': { value: EVENTS / seconds, unit: 'events/s' },
    ...metrics('subscriber 1,000,000 behind', lagging),
    'memory, subscriber 1,000,000 behind: times that it fell behind': { value: lagging.fellBehind, unit: 'times' },
    ...metrics('replay of 1,000,000', replaying),
  };
}

function metrics(what, { idle, peak, events, faults, seconds }) {
  return {
    [`memory, ${what}: idle before`]: { value: idle, unit: 'MiB' },
    [`memory, ${what}: peak`]: { value: peak, unit: 'MiB', atMost: MOST_RESIDENT },
    [`memory, ${what}: growth`]: { value: peak - idle, unit: 'MiB', atMost: MOST_GROWTH },
    [`memory, ${what}: rate`]: { value: events / seconds, unit: 'events/s' },
    [`memory, ${what}: events missing, repeated or out of order`]: {
      value: Math.abs(EVENTS - events) + faults,
      unit: 'events',
      atMost: 0,
    },
  };
}

function start(name, args) {
  return fork(script(name), args.map(String), { execArgv: ['--expose-gc'] });
}

/** The message of this kind. Throws if the process ends without it. */
async function told(child, kind) {
  const stop = new AbortController();
  const { signal } = stop;
  const ended = once(child, 'exit', { signal }).then(([code, reason]) => {
    throw new Error(`${child.spawnargs.at(1)} ended (${reason ?? code}) before it said "${kind}".`);
  });
  try {
    for (;;) {
      const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
      if (message.kind === kind) return message;
    }
  } finally {
    stop.abort();
    ended.catch(() => undefined);
  }
}
