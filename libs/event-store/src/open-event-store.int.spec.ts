import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createInProcessLog } from './kurrentdb/kurrentdb-log.js';
import { collect, event, newStream } from './contract/samples.js';
import { createPostgresLog } from './postgres/postgres-log.js';
import { openEventStore } from './open-event-store.js';

const applicationName = 'opened';

/** A port of the loopback interface on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('Postgres without an event store of its own, KurrentDB with one', async () => {
  const [postgres, kurrent] = [await createPostgresLog(), await createInProcessLog()];
  const stream = newStream();
  for (const eventStoreUrl of [undefined, kurrent.url]) {
    const store = await openEventStore({ eventStoreUrl, postgresUrl: postgres.url, applicationName, waitMs: 5000 });
    await store.append(stream, [event()], { expected: 'noStream' });
    expect(await collect(store.readStream(stream))).toHaveLength(1);
    await store.close();
  }
  expect(kurrent.server.log.records.filter((one) => one.stream === stream)).toHaveLength(1);
  await Promise.all([postgres.dispose(), kurrent.dispose()]);
});

test.each([
  ['', 'cannot be read'],
  ['localhost:2113', 'cannot be read'],
  ['http://secret:word@localhost:2113', '"http://" is no scheme'],
  ['esdb://user:secret@localhost:port', '"localhost:port" is no host'],
  ['esdb://', 'cannot be read'],
])('an event store at "%s" is refused', async (eventStoreUrl, sentence) => {
  const refused = openEventStore({ eventStoreUrl, postgresUrl: '', applicationName });
  await expect(refused).rejects.toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining(sentence) });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
});

test('a database that is none is refused', async () => {
  await expect(openEventStore({ postgresUrl: 'mysql://x:y@z/', applicationName })).rejects.toMatchObject({
    code: 'InvalidArgument',
  });
});

test('says what it waited for, without credentials', async () => {
  const port = await freePort();
  const urls = [
    { eventStoreUrl: `esdb://admin:secret@127.0.0.1:${port}?tls=false`, postgresUrl: '' },
    { postgresUrl: `postgres://admin:secret@127.0.0.1:${port}/log` },
  ];
  for (const url of urls) {
    const waiting = openEventStore({ ...url, applicationName, waitMs: 500 });
    const began = performance.now();
    await expect(waiting).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining(`at 127.0.0.1:${port}`),
    });
    await expect(waiting).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
    expect(performance.now() - began).toBeLessThan(5000);
  }
});

test('waits for a server that starts later', async () => {
  const log = await createInProcessLog();
  log.server.stop();
  const opening = openEventStore({ eventStoreUrl: log.url, postgresUrl: '', applicationName, waitMs: 10_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await log.server.start();
  const store = await opening;
  expect(await store.head()).toBeUndefined();
  await store.close();
  await log.dispose();
});
