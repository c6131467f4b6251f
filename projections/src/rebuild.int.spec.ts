import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { EventStore, Position } from '@palimpsest/event-store';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { ProjectionStopped, ReadModelTooNew } from './faults.js';
import type { Projector } from './projector.js';
import { RUN_QUEUE_REACTOR } from './projectors.js';
import { RebuildInterrupted, type RebuildProgress, RebuildRefused, RebuildUnderWay } from './rebuild.js';
import { skipEvent } from './skip.js';
import { type Copier, TestLog } from './testing/test-log.js';

describe('a rebuild beside the live read model', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await TestLog.start();
  });
  afterEach(() => log.stopRunners());
  afterAll(() => log.stop());

  /** A copier with its table and `count` events, applied. */
  async function live(count: number, apply?: Parameters<TestLog['copier']>[0]): Promise<Copier> {
    const copier = log.copier(apply);
    if (count > 0) await log.append(copier, ...numbers(count));
    await log.rebuild(copier.projector);
    return copier;
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

  /** Nothing is left of a rebuild that has been swapped in. */
  async function leftOver(name: string): Promise<unknown[]> {
    const { rows } = await log.pool.query(
      `select projection from read.rebuild where projection = $1
       union all select nspname::text from pg_namespace where nspname = 'read_next_' || $1`,
      [name],
    );
    return rows;
  }

  /** The next version of a copier: another column, filled from the events. */
  function widened({ projector, name }: Copier): Projector {
    return {
      ...projector,
      version: 2,
      ddl: `create table ${name} (revision bigint primary key, type text not null, length int not null)`,
      async apply(event, tx) {
        await tx.query(`insert into ${name} values ($1, $2, $3)`, [event.revision, event.type, event.type.length]);
      },
    };
  }

  describe('puts the same rows in the place of those there', () => {
    it('of the same version, as a repair', async () => {
      const copier = await live(3);
      await log.pool.query(`update read.${copier.name} set type = 'spoilt'`);
      await log.pool.query(`insert into read.${copier.name} values (99, 'spoilt')`);
      const { events, resumed, position } = await log.rebuild(copier.projector);
      expect(await log.rows(copier)).toEqual(numbers(3));
      expect({ events, resumed }).toEqual({ events: 3, resumed: false });
      expect(await log.checkpoint(copier.name)).toMatchObject({ version: 1, position });
      expect(await leftOver(copier.name)).toEqual([]);
    });

    it('of the next version with another shape; the old runner touches nothing then', async () => {
      const copier = await live(3);
      const old = log.run(copier.projector);
      await log.reached(old, (await log.append(copier, 'four')).position);
      const next = widened(copier);
      await log.rebuild(next);
      await log.append(copier, 'fifth');
      expect(await eventually(() => old.fault, 'the fault of the old runner')).toBeInstanceOf(ReadModelTooNew);
      const table = async () =>
        (await log.pool.query(`select type, length from read.${copier.name} order by revision`)).rows;
      expect(await table()).toEqual([...numbers(3), 'four'].map((type) => ({ type, length: type.length })));
      const runner = log.run(next);
      await log.reached(runner, (await log.append(copier, 'n6')).position);
      expect((await table()).slice(4)).toEqual([
        { type: 'fifth', length: 5 },
        { type: 'n6', length: 2 },
      ]);
    });

    it('of a version with other tables, with a foreign key and a sequence among them', async () => {
      const copier = await live(2);
      const { name } = copier;
      const next: Projector = {
        ...copier.projector,
        version: 2,
        tables: [`${name}_kind`, `${name}_entry`],
        ddl: `create table ${name}_kind (type text primary key);
          create table ${name}_entry (
            no bigint generated always as identity primary key, type text not null references ${name}_kind);
          create index ${name}_by_type on ${name}_entry (type);`,
        async apply(event, tx) {
          await tx.query(`insert into ${name}_kind values ($1)`, [event.type]);
          await tx.query(`insert into ${name}_entry (type) values ($1)`, [event.type]);
        },
      };
      await log.rebuild(next);
      const { rows } = await log.pool.query(
        `select to_regclass($1) as old, to_regclass($2)::text as index,
                pg_get_serial_sequence('read.' || $3, 'no') as sequence,
                (select confrelid::regclass::text from pg_constraint
                 where contype = 'f' and conrelid = ('read.' || $3)::regclass) as refers`,
        [`read.${name}`, `read.${name}_by_type`, `${name}_entry`],
      );
      expect(rows).toEqual([
        {
          old: null,
          index: `read.${name}_by_type`,
          sequence: `read.${name}_entry_no_seq`,
          refers: `read.${name}_kind`,
        },
      ]);
      await log.rebuild(next);
      expect((await log.pool.query(`select type from read.${name}_entry order by no`)).rows).toHaveLength(2);
      await log.rebuild({ ...copier.projector, version: 3 });
      expect(await log.rows(copier)).toEqual(numbers(2));
      expect((await log.pool.query(`select to_regclass('read.${name}_kind') as gone`)).rows).toEqual([{ gone: null }]);
    });

    it('with the indexes that only readers need: made at the end, and nothing is applied again if that fails', async () => {
      const copier = await live(3);
      const { name } = copier;
      await log.append(copier, 'x');
      const index = `${name}_by_length`;
      const seen: unknown[] = [];
      const next: Projector = {
        ...copier.projector,
        version: 2,
        indexDdl: `create index if not exists ${index} on ${name} ((1 / (length(type) - 1)));`,
        async apply(event, tx) {
          const { rows } = await tx.query<{ made: string | null }>('select to_regclass($1)::text as made', [index]);
          seen.push(rows[0]?.made);
          await copier.projector.apply(event, tx);
        },
      };
      await expect(log.rebuild(next)).rejects.toThrow('division by zero');
      expect(await log.rows(copier)).toEqual(numbers(3));
      await log.pool.query(`update read_next_${name}.${name} set type = 'n3' where type = 'x'`);
      expect(await log.rebuild(next)).toMatchObject({ events: 4, resumed: true });
      expect(seen).toEqual([null, null, null, null]);
      expect(await log.rows(copier)).toEqual(numbers(4));
      const { rows } = await log.pool.query('select to_regclass($1)::text as made', [`read.${index}`]);
      expect(rows).toEqual([{ made: `read.${index}` }]);
    });

    it('of another log, whose positions mean nothing here', async () => {
      const copier = await live(2);
      await log.pool.query(
        `update read.checkpoint set epoch = 'another', position = '999999999' where projection = $1`,
        [copier.name],
      );
      const { position } = await log.rebuild(copier.projector);
      expect(await log.rows(copier)).toEqual(numbers(2));
      expect(await log.checkpoint(copier.name)).toMatchObject({ position });
    });

    it('of a checkpoint beyond the log’s end, which is put right', async () => {
      const copier = await live(2);
      const { position } = await log.append(copier, 'last');
      await log.pool.query(`update read.checkpoint set position = '999999999' where projection = $1`, [copier.name]);
      expect((await log.rebuild(copier.projector)).position).toBe(position);
      const runner = log.run(copier.projector);
      await log.reached(runner, (await log.append(copier, 'more')).position);
      expect(await log.rows(copier)).toEqual([...numbers(2), 'last', 'more']);
    });

    it('where the log holds nothing for it', async () => {
      const copier = await live(0);
      expect(await log.rows(copier)).toEqual([]);
      await log.rebuild(copier.projector);
      const runner = log.run(copier.projector);
      await log.reached(runner, (await log.append(copier, 'a')).position);
      expect(await log.rows(copier)).toEqual(['a']);
    });

    it('with a name that is no plain word', async () => {
      const name = `half-built ${randomUUID().slice(0, 8)}`;
      const projector: Projector = { ...log.copier().projector, name };
      await log.rebuild(projector);
      expect(await leftOver(name)).toEqual([]);
    });
  });

  it('is not noticed by readers, nor by the runner, while people go on writing', async () => {
    const copier = log.copier();
    const { name } = copier;
    // Two tables that are read together: a swap that locks them one after the other could lock readers out for good.
    const pair: Projector = {
      ...copier.projector,
      tables: [name, `${name}_b`],
      ddl: `${copier.projector.ddl}; create table ${name}_b (revision bigint primary key)`,
      async apply(event, tx) {
        await copier.projector.apply(event, tx);
        await tx.query(`insert into ${name}_b values ($1)`, [event.revision]);
      },
    };
    await log.append(copier, ...numbers(1_500));
    await log.rebuild(pair);
    const runner = log.run(pair);
    await eventually(() => runner.position, 'the runner working');
    const done = new AbortController();
    const writer = write(copier, done.signal);
    const readers = [1, 2, 3].map(() => watch(name, done.signal));
    for (let rebuilt = 0; rebuilt < 2; rebuilt++) {
      await log.rebuild(pair);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    done.abort();
    const last = await writer;
    await log.reached(runner, last);
    const seen = await Promise.all(readers);
    expect(runner.fault).toBeUndefined();
    expect((await log.rows(copier)).length).toBeGreaterThan(1_500);
    expect(await log.rows(copier)).toEqual(await typesInLog(copier));
    for (const { counts, positions } of seen) {
      expect(counts.length).toBeGreaterThan(20);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1_500);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(positions).toEqual(positions.toSorted((a, b) => log.store.comparePositions(a, b)));
    }
  }, 180_000);

  /** Appends until aborted; resolves with the last position. */
  async function write(copier: Copier, signal: AbortSignal): Promise<Position> {
    for (let n = 0; ; n++) {
      const { position } = await log.append(copier, `w${n}`);
      if (signal.aborted) return position;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  /** What a reader sees again and again. Checks each time that both tables are at the same place. Fails on any error. */
  async function watch(name: string, signal: AbortSignal): Promise<{ counts: number[]; positions: Position[] }> {
    const counts: number[] = [];
    const positions: Position[] = [];
    while (!signal.aborted) {
      const { rows } = await log.pool.query<{ a: number; b: number }>(
        `select (select count(*)::int from read.${name}_b) as b, (select count(*)::int from read.${name}) as a`,
      );
      expect(rows[0]?.a).toBe(rows[0]?.b);
      counts.push(rows[0]?.a ?? -1);
      positions.push((await log.checkpoint(name))?.['position'] as Position);
    }
    return { counts, positions };
  }

  async function typesInLog({ stream }: Copier): Promise<string[]> {
    const types: string[] = [];
    for await (const event of log.store.readStream(stream)) types.push(event.type);
    return types;
  }

  describe('swaps', () => {
    it('never to a place behind the live one, which it catches up with in the swap itself', async () => {
      const copier = await live(2);
      const runner = log.run(copier.projector);
      // While the swap is near, the live one gets three more events that the rebuild's subscription has not given.
      const store = Object.create(log.store, {
        subscribe: {
          value: (options: Parameters<EventStore['subscribe']>[0]) =>
            beforeCaughtUp(log.store.subscribe(options), async () => {
              await log.reached(runner, (await log.append(copier, 'x', 'y', 'z')).position);
            }),
        },
      }) as EventStore;
      const { position, events } = await log.rebuild(copier.projector, { store });
      expect(await log.rows(copier)).toEqual([...numbers(2), 'x', 'y', 'z']);
      expect(events).toBe(5);
      expect(runner.position).toBe(position);
      await log.reached(runner, (await log.append(copier, 'more')).position);
      expect(await log.rows(copier)).toEqual([...numbers(2), 'x', 'y', 'z', 'more']);
    });

    it('later, when the live one is more than a batch ahead', async () => {
      const copier = await live(0);
      const runner = log.run(copier.projector);
      let subscribed = 0;
      const store = Object.create(log.store, {
        subscribe: {
          value: (options: Parameters<EventStore['subscribe']>[0]) =>
            beforeCaughtUp(log.store.subscribe(options), async () => {
              if (subscribed++ === 0) await log.reached(runner, (await log.append(copier, ...numbers(1_700))).position);
            }),
        },
      }) as EventStore;
      const { events } = await log.rebuild(copier.projector, { store });
      expect(events).toBe(1_700);
      expect(subscribed).toBe(2);
      expect(await log.rows(copier)).toHaveLength(1_700);
    });

    it('when a long query lets the tables go, without letting other readers fail', async () => {
      const copier = await live(2);
      const reader = await log.pool.connect();
      await reader.query('begin');
      await reader.query(`select 1 from read.${copier.name}`);
      let ended = false;
      const rebuild = log.rebuild(copier.projector).finally(() => (ended = true));
      const until = performance.now() + 1_500;
      while (performance.now() < until) expect(await log.rows(copier)).toEqual(numbers(2));
      expect(ended).toBe(false);
      await reader.query('commit');
      reader.release();
      await rebuild;
      expect(await log.rows(copier)).toEqual(numbers(2));
    });
  });

  /** Waits for `work` just before the consumer hears that it has caught up. */
  async function* beforeCaughtUp(
    items: ReturnType<EventStore['subscribe']>,
    work: () => Promise<void>,
  ): ReturnType<EventStore['subscribe']> extends AsyncIterable<infer Item> ? AsyncGenerator<Item> : never {
    for await (const item of items) {
      if (item.kind === 'caughtUp') await work();
      yield item;
    }
  }

  describe('that was interrupted', () => {
    /** Of 1,200 events, three batches: what the second call still had to apply, and the rows in the end. */
    async function interrupted(interrupt: (progress: RebuildProgress, abort: AbortController) => unknown) {
      const applied: bigint[] = [];
      const copier = await live(1_200, (event) => void applied.push(event.revision));
      applied.length = 0;
      const abort = new AbortController();
      const first = log.rebuild(copier.projector, {
        batch: 500,
        signal: abort.signal,
        onProgress: (progress) => void interrupt(progress, abort),
      });
      await expect(first).rejects.toBeInstanceOf(RebuildInterrupted);
      const { rows } = await log.pool.query<{ events: number }>(
        'select events::int from read.rebuild where projection = $1',
        [copier.name],
      );
      const kept = rows[0]?.events ?? -1;
      expect(await log.rows(copier)).toEqual(numbers(1_200));
      applied.length = 0;
      const result = await log.rebuild(copier.projector);
      expect(applied.map(Number)).toEqual(Array.from({ length: 1_200 - kept }, (_, n) => kept + n));
      expect(result).toMatchObject({ events: 1_200, resumed: true });
      expect(await log.rows(copier)).toEqual(numbers(1_200));
      expect(await leftOver(copier.name)).toEqual([]);
      return kept;
    }

    it('between two batches, by its signal', async () => {
      const kept = await interrupted(({ events }, abort) => events > 0 && abort.abort());
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(1_200);
    });

    it('right before the swap, by its signal', async () => {
      expect(await interrupted(({ events }, abort) => events === 1_200 && abort.abort())).toBe(1_200);
    });

    it('in the midst of a batch, by the death of its connection', async () => {
      const kept = await interrupted(({ events }) => (events > 0 ? log.killRebuilds() : undefined));
      expect(kept).toBeGreaterThan(0);
    });

    it('says so, and how to go on', async () => {
      const copier = await live(1);
      const error = await log
        .rebuild(copier.projector, { signal: AbortSignal.abort() })
        .catch((caught: Error) => caught);
      expect(error).toBeInstanceOf(RebuildInterrupted);
      expect((error as Error).message).toContain(`projections rebuild ${copier.name} goes on from there`);
    });

    for (const [what, change] of [
      ['version', 'version = 7'],
      ['log', `epoch = 'another'`],
      ['shape', `shape = 'another'`],
    ] as const)
      it(`starts over when what was built is of another ${what}`, async () => {
        const copier = await live(600);
        const abort = new AbortController();
        const onProgress = () => abort.abort();
        await expect(log.rebuild(copier.projector, { batch: 500, signal: abort.signal, onProgress })).rejects.toThrow();
        await log.pool.query(`update read.rebuild set ${change} where projection = $1`, [copier.name]);
        expect(await log.rebuild(copier.projector)).toMatchObject({ events: 600, resumed: false });
        expect(await log.rows(copier)).toEqual(numbers(600));
      });

    it('starts over when somebody has removed its tables', async () => {
      const copier = await live(600);
      const abort = new AbortController();
      const onProgress = () => abort.abort();
      await expect(log.rebuild(copier.projector, { batch: 500, signal: abort.signal, onProgress })).rejects.toThrow();
      await log.pool.query(`drop schema read_next_${copier.name} cascade`);
      expect(await log.rebuild(copier.projector)).toMatchObject({ events: 600, resumed: false });
    });
  });

  it('reports events, the share of the log and the rate', async () => {
    const copier = await live(1_200);
    const progress: RebuildProgress[] = [];
    await log.rebuild(copier.projector, { batch: 500, onProgress: (now) => progress.push(now) });
    expect(progress.at(-1)).toMatchObject({ projection: copier.name, version: 1, events: 1_200, share: 1 });
    const shares = progress.map(({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBeGreaterThan(0);
    for (const { events, eventsPerSecond } of progress) expect(eventsPerSecond > 0).toBe(events > 0);
  });

  describe('is refused', () => {
    it('while another process is at it', async () => {
      let go = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      const copier = log.copier(() => gate);
      await log.append(copier, 'a');
      const first = log.rebuild(copier.projector);
      await eventually(
        async () => (await log.pool.query('select 1 from read.rebuild where projection = $1', [copier.name])).rowCount,
        'the first at work',
      );
      const second = await log.rebuild(copier.projector).catch((error: Error) => error);
      expect(second).toBeInstanceOf(RebuildUnderWay);
      expect((second as Error).message).toContain('being rebuilt by another process');
      go();
      await first;
      await log.rebuild(copier.projector);
    });

    it('to an older version than the one there', async () => {
      const copier = await live(1);
      await log.rebuild(widened(copier));
      await expect(log.rebuild(copier.projector)).rejects.toBeInstanceOf(ReadModelTooNew);
      expect(await log.rows(copier)).toEqual(numbers(1));
    });

    it('for a reactor', async () => {
      const reactor: Projector = { ...RUN_QUEUE_REACTOR, tables: [], ddl: '', apply: () => Promise.resolve() };
      await expect(log.rebuild(reactor)).rejects.toThrow('"run-queue" is a reactor');
    });

    it('with statements that make other tables than the projector names', async () => {
      const { projector } = log.copier();
      const broken = { ...projector, tables: ['another'] };
      await expect(log.rebuild(broken)).rejects.toThrow(`make the tables ${projector.name}; it names another`);
    });
  });

  describe('and rights', () => {
    const roles: string[] = [];

    async function role(): Promise<{ name: string; url: string }> {
      const name = `projections_${randomUUID().slice(0, 8)}`;
      await log.pool.query(`create role ${name} login password 'secret'`);
      roles.push(name);
      return { name, url: log.database.url.replace(/\/\/[^@]*@/, `//${name}:secret@`) };
    }
    afterAll(async () => {
      for (const name of roles) await log.pool.query(`drop owned by ${name}; drop role ${name}`);
    });

    it('those given on the old tables, columns and sequences are given on the new ones', async () => {
      const copier = await live(1);
      const { name } = copier;
      const withSequence: Projector = {
        ...copier.projector,
        ddl: `create table ${name} (revision bigint primary key, type text not null,
          no bigint generated always as identity)`,
      };
      withSequence.apply = async (event, tx) =>
        void (await tx.query(`insert into ${name} (revision, type) values ($1, $2)`, [event.revision, event.type]));
      await log.rebuild({ ...withSequence, version: 2 });
      const [writer, reader] = [await role(), await role()];
      await log.pool.query(`grant select, insert on read.${name} to ${writer.name};
        grant delete on read.${name} to ${writer.name} with grant option;
        grant usage on sequence read.${name}_no_seq to ${writer.name};
        grant select (type) on read.${name} to ${reader.name}; grant references on read.${name} to public`);
      const rights = async () => {
        const { rows } = await log.pool.query(
          `select relname, '' as column, relacl::text as acl, pg_get_userbyid(relowner) as owner
           from pg_class where relnamespace = 'read'::regnamespace and relname like $1 and relacl is not null
           union all
           select relname, attname, attacl::text, pg_get_userbyid(relowner)
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attacl is not null
           where relnamespace = 'read'::regnamespace and relname like $1
           order by 1, 2`,
          [`${name}%`],
        );
        return rows;
      };
      const before = await rights();
      expect(JSON.stringify(before)).toContain(writer.name);
      expect(before).toHaveLength(3);
      await log.rebuild({ ...withSequence, version: 3 });
      expect(await rights()).toEqual(before);
    });

    it('a new table gets those of the checkpoints, and the old owner stays the owner', async () => {
      const [owner, api] = [await role(), await role()];
      const copier = await live(1);
      const { name } = copier;
      await log.pool.query(`grant create, usage on schema read to ${owner.name};
        grant usage on schema read to ${api.name};
        grant select, insert, update, delete on read.checkpoint to ${api.name};
        alter table read.${name} owner to ${owner.name}`);
      await log.rebuild({
        ...copier.projector,
        ...{ version: 2, tables: [name, `${name}_new`] },
        ddl: `${copier.projector.ddl}; create table ${name}_new (no serial primary key)`,
      });
      const { rows } = await log.pool.query(
        `select tableowner from pg_tables where schemaname = 'read' and tablename = $1`,
        [name],
      );
      expect(rows).toEqual([{ tableowner: owner.name }]);
      const client = new pg.Client({ connectionString: api.url });
      await client.connect();
      await client.query(`insert into read.${name}_new default values`);
      await expect(client.query(`select 1 from read.${name}`)).rejects.toThrow('permission denied');
      await client.end();
    });

    it('the api’s role cannot rebuild, and is told who can', async () => {
      const api = await role();
      await log.pool.query(
        `grant usage on schema read to ${api.name}; grant select on read.checkpoint, read.rebuild to ${api.name}`,
      );
      const { projector } = log.copier();
      const error = await log.rebuild(projector, { ownerUrl: api.url }).catch((caught: Error) => caught);
      expect(error).toBeInstanceOf(RebuildRefused);
      expect((error as Error).message).toContain('OWNER_DATABASE_URL');
    });
  });

  it('stops at an event that it cannot apply, leaves the live one alone, and goes on once that is skipped', async () => {
    const copier = await live(2);
    const runner = log.run(copier.projector);
    const { position } = await log.append(copier, 'poison');
    await log.reached(runner, (await log.append(copier, 'after')).position);
    const { apply } = copier.projector;
    const next: Projector = {
      ...copier.projector,
      version: 2,
      apply: (event, tx) => {
        if (event.type === 'poison') throw new TypeError('cannot read this');
        return apply(event, tx);
      },
    };
    const error = await log.rebuild(next).catch((caught: Error) => caught);
    expect(error).toBeInstanceOf(ProjectionStopped);
    expect((error as ProjectionStopped).position).toBe(position);
    expect((error as Error).message).toContain(`The rebuild of the read model "${copier.name}" has stopped at`);
    await log.reached(runner, (await log.append(copier, 'live')).position);
    expect(await log.rows(copier)).toEqual([...numbers(2), 'poison', 'after', 'live']);
    expect(await log.checkpoint(copier.name)).toMatchObject({ version: 1, fault: null });
    const { rows } = await log.pool.query(
      'select events::int, fault, fault_position from read.rebuild where projection = $1',
      [copier.name],
    );
    expect(rows).toEqual([{ events: 2, fault: (error as Error).message, fault_position: position }]);
    await expect(log.rebuild(next)).rejects.toBeInstanceOf(ProjectionStopped);
    await skipEvent(log.pool, { projection: copier.name, position, reason: 'a test', skippedBy: 'jest' });
    expect(await log.rebuild(next)).toMatchObject({ events: 5, resumed: true });
    expect(await log.rows(copier)).toEqual([...numbers(2), 'after', 'live']);
  });
});
