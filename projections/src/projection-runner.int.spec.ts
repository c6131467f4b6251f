import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type RecordedEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { migrateReadModels } from './migrate.js';
import { ProjectionRunner, ProjectionStopped, rebuild } from './projection-runner.js';
import type { Projector } from './projector.js';

describe('a projection', () => {
  let database: TestDatabase;
  let store: EventStore;
  let pool: pg.Pool;
  const runners: ProjectionRunner[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await migrateReadModels(client);
    await migrateReadModels(client);
    await client.end();
    store = createPostgresEventStore({ connectionString: database.url });
    pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
  });
  afterAll(async () => {
    await pool.end();
    await store.close();
    await database.drop();
  });

  /** Copies the type of each event of one stream into a table; `apply` may interfere. */
  async function copier(apply: (event: RecordedEvent) => void | Promise<void> = () => undefined) {
    const name = `copy_${randomUUID().slice(0, 8)}`;
    const stream = `numbers-${name}`;
    await pool.query(`create table read.${name} (revision bigint primary key, type text not null)`);
    const projector: Projector = {
      name,
      version: 1,
      streamPrefixes: [stream],
      tables: [`read.${name}`],
      async apply(event, transaction) {
        await transaction.query(`insert into read.${name} values ($1, $2)`, [event.revision, event.type]);
        await apply(event);
      },
    };
    const rows = async () =>
      (await pool.query<{ type: string }>(`select type from read.${name} order by revision`)).rows.map(
        ({ type }) => type,
      );
    const append = async (...types: string[]) => {
      const events = types.map((type) => ({
        id: randomUUID(),
        type,
        contentType: 'json' as const,
        data: new Uint8Array(),
      }));
      return store.append(stream, events, { expected: 'any' });
    };
    return { projector, rows, append };
  }

  function start(projector: Projector, retryMs = 50): ProjectionRunner {
    const runner = new ProjectionRunner({ store, pool, connectionString: database.url, projector, retryMs });
    runners.push(runner);
    runner.start();
    return runner;
  }

  it('applies history and then what comes, each event once, over restarts', async () => {
    const { projector, rows, append } = await copier();
    await append('a', 'b');
    const first = start(projector);
    await eventually(async () => (await rows()).length === 2, 'the history');
    await append('c');
    await eventually(async () => (await rows()).length === 3, 'what came');
    await first.stop();
    await append('d');
    const second = start(projector);
    const { position } = await append('e');
    await eventually(() => second.position && store.comparePositions(second.position, position) >= 0, 'the checkpoint');
    expect(await rows()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('stops at an event that it cannot apply, says where, and leaves rows and checkpoint before it', async () => {
    const { projector, rows, append } = await copier((event) => {
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    await append('good');
    const runner = start(projector);
    await eventually(async () => (await rows()).length === 1, 'the good one');
    const before = runner.position;
    const { position } = await append('poison');
    const fault = await eventually(() => runner.fault, 'the fault');
    expect(fault).toBeInstanceOf(ProjectionStopped);
    expect(fault.message).toContain(`position ${position} (poison in`);
    expect(await rows()).toEqual(['good']);
    const { rows: checkpoints } = await pool.query('select position from read.checkpoint where projection = $1', [
      projector.name,
    ]);
    expect(checkpoints).toEqual([{ position: before }]);
  });

  it('works in one runner at a time, and another takes over when it ends', async () => {
    const { projector, rows, append } = await copier();
    const first = start(projector);
    await append('a');
    await eventually(() => first.position, 'the first runner working');
    const second = start(projector);
    await append('b');
    await eventually(async () => (await rows()).length === 2, 'both events');
    expect(second.position).toBeUndefined();
    await first.stop();
    await append('c');
    await eventually(async () => (await rows()).length === 3 && second.position, 'the second runner taking over');
  });

  it('is fenced: when somebody else has moved the checkpoint, a stale batch changes nothing', async () => {
    const { projector, rows, append } = await copier();
    const runner = start(projector);
    await append('a');
    await eventually(() => runner.position, 'the runner working');
    await pool.query(`update read.checkpoint set position = '999999999' where projection = $1`, [projector.name]);
    await append('b');
    await new Promise((done) => setTimeout(done, 300));
    expect(await rows()).toEqual(['a']);
    expect(runner.fault).toBeUndefined();
  });

  it('goes on by itself when the database has dropped all of its connections', async () => {
    const { projector, rows, append } = await copier();
    start(projector);
    await append('a');
    await eventually(async () => (await rows()).length === 1, 'the first event');
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    await other.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await other.end();
    await append('b');
    await eventually(async () => (await rows().catch(() => [])).length === 2, 'the second event');
  });

  it('is built anew to the same rows: by hand, and when its version changes', async () => {
    const { projector, rows, append } = await copier();
    await append('a', 'b');
    const live = start(projector);
    await eventually(async () => (await rows()).length === 2, 'the rows');
    await live.stop();
    await pool.query(`update ${projector.tables[0]} set type = 'spoilt'`);
    await rebuild(pool, projector, await store.identity());
    const again = start(projector);
    await eventually(async () => (await rows()).length === 2, 'the rows again');
    expect(await rows()).toEqual(['a', 'b']);
    await again.stop();
    start({ ...projector, version: 2 });
    await eventually(async () => {
      const { rows: found } = await pool.query('select version, position from read.checkpoint where projection = $1', [
        projector.name,
      ]);
      return (found[0] as { version: number; position: string | null }).version === 2 && (await rows()).length === 2;
    }, 'version 2');
  });

  it('does not go on from the checkpoint of another log', async () => {
    const { projector, append } = await copier();
    const runner = start(projector);
    await append('a');
    await eventually(() => runner.position, 'the runner working');
    await runner.stop();
    await pool.query(`update read.checkpoint set epoch = 'another' where projection = $1`, [projector.name]);
    const stale = start(projector);
    const fault = await eventually(() => stale.fault, 'the fault');
    expect(fault.message).toContain('--rebuild-read-models');
  });
});
