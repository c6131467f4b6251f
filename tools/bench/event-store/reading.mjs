/** Replay of the log beside a bare cursor, and the way from an append to a subscriber in another process' place. */
import { event, inTurns, newStream, percentile } from './sample.mjs';

const REPLAY_EVENTS = 60_000;
const TURNS = 5;
/** Rows of a fetch: as many as the event store has in a page. */
const PAGE = 500;
const DELIVERIES = 300;

export async function replayMetrics(store, client, say) {
  say('replay');
  const { own, bare } = await inTurns(TURNS, 'bare', {
    bare: () => replayOfPostgres(client),
    own: () => replayOfStore(store),
  });
  return {
    'replay, event store': { value: own.rate, unit: 'events/s' },
    'replay, bare cursor': { value: bare.rate, unit: 'rows/s' },
    'replay: event store to bare cursor': { value: own.ratio, unit: 'times' },
    'replay: 100,000 events/s or 0.7 of the bare cursor, the better': {
      value: Math.max(own.rate / 100_000, own.ratio / 0.7),
      unit: 'times that',
      atLeast: 1,
    },
  };
}

async function replayOfStore(store) {
  const begun = performance.now();
  let count = 0;
  for await (const { revision } of store.readAll({ limit: REPLAY_EVENTS })) count += revision >= 0n ? 1 : 0;
  return count / ((performance.now() - begun) / 1000);
}

/** The same number of rows of the same table through a cursor in the same page size. */
async function replayOfPostgres(client) {
  const begun = performance.now();
  let count = 0;
  await client.query('begin');
  await client.query(`declare c no scroll cursor for select * from es.event order by position limit ${REPLAY_EVENTS}`);
  for (;;) {
    const { rows } = await client.query({ text: `fetch ${PAGE} from c`, rowMode: 'array' });
    if (rows.length === 0) break;
    count += rows.length;
  }
  await client.query('commit');
  return count / ((performance.now() - begun) / 1000);
}

/** From the start of an append until a subscriber of another store has the event. */
export async function deliveryMetrics(store, other, say) {
  say('delivery');
  const times = [];
  const sent = new Map();
  const end = new AbortController();
  const stream = newStream();
  const received = (async () => {
    for await (const item of other.subscribeStream(stream, { after: 'start', signal: end.signal })) {
      if (item.kind !== 'event') continue;
      times.push(performance.now() - sent.get(item.event.id));
      if (times.length === DELIVERIES) return;
    }
  })();
  for (let n = 0; n < DELIVERIES; n++) {
    const one = event();
    sent.set(one.id, performance.now());
    await store.append(stream, [one], { expected: 'any' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await received;
  end.abort();
  return {
    'append until a subscriber elsewhere has it, p50': { value: percentile(times, 0.5), unit: 'ms' },
    'append until a subscriber elsewhere has it, p99': { value: percentile(times, 0.99), unit: 'ms' },
  };
}
