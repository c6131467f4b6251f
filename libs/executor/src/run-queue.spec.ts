import { expect, it } from '@jest/globals';
import { RUN_QUEUE } from '@palimpsest/domain';
import { Worker } from 'bullmq';
import pg from 'pg';
import { backend, LONGEST_SLEEP_S } from './run-queue.js';

it('a worker whose connection was in trouble looks for jobs again soon, whatever it hears', async () => {
  // Never connects: nothing is asked of it.
  const connection = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none', keepAlive: true });
  const options = { connection: connection as never, autorun: false };
  const worker = new Worker(RUN_QUEUE, () => Promise.resolve(), options, backend as never);
  worker.on('error', () => undefined);
  // What BullMQ asks for after an error is an end at infinity.
  const { getBlockTimeout } = worker as unknown as { getBlockTimeout(until: number): number };
  expect(getBlockTimeout.call(worker, Infinity)).toBe(LONGEST_SLEEP_S);
  await worker.close(true).catch(() => undefined);
  await connection.end().catch(() => undefined);
});
