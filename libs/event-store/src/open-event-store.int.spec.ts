import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createInProcessLog } from './kurrentdb/kurrentdb-log.js';
import { collect, event, newStream } from './contract/samples.js';
import { createPostgresLog } from './postgres/postgres-log.js';
import { connectToPostgres, openEventStore } from './open-event-store.js';

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

test('a database that never answers is named, and a refusal is not waited out', async () => {
  const port = await freePort();
  const began = performance.now();
  const never = connectToPostgres(`postgres://admin:secret@127.0.0.1:${port}/log`, 500);
  await expect(never).rejects.toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  await expect(never).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  expect(performance.now() - began).toBeGreaterThan(200);
  await expect(connectToPostgres('mysql://x', 500)).rejects.toMatchObject({ code: 'InvalidArgument' });

  const log = await createPostgresLog();
  const wrong = connectToPostgres(log.url.replace(/:[^:@/]*@/, ':wrong@'), 20_000);
  await expect(wrong).rejects.toMatchObject({ code: '28P01' });
  const gate = createServer((socket) => socket.destroy()); // as a server that is starting: it ends every connection
  const gatePort = await new Promise<number>((resolve) =>
    gate.listen(0, '127.0.0.1', () => resolve((gate.address() as AddressInfo).port)),
  );
  const waiting = connectToPostgres(`postgres://x:y@127.0.0.1:${gatePort}/log`, 700);
  await expect(waiting).rejects.toMatchObject({ code: 'Unavailable' });
  gate.close();
  const client = await connectToPostgres(log.url, 1000);
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.end();
  await log.dispose();
});
