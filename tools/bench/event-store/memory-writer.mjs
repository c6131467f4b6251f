/** Appends events in batches to eight streams: `memory-writer.mjs <url> <events>`. */
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';
import { batch, newStream } from './sample.mjs';

const BATCH = 500;
const STREAMS = 8;

const [url, events] = process.argv.slice(2);
const store = createPostgresEventStore({ connectionString: url });
let left = Number(events);
await Promise.all(
  Array.from({ length: STREAMS }, async () => {
    const stream = newStream();
    for (let expected = 'noStream'; left > 0;) {
      const size = Math.min(BATCH, left);
      left -= size;
      expected = (await store.append(stream, batch(size), { expected })).revision;
    }
  }),
);
await store.close();
process.send({ kind: 'done' });
process.disconnect();
