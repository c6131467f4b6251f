import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { RecordedEvent } from '@palimpsest/event-store';
import pg, { type ClientBase } from 'pg';
import { ForeignCheckpoint, ForeignReactor, ProjectionStopped, ReadModelOutdated, ReadModelTooNew } from './faults.js';
import type { Projector } from './projector.js';
import { skipEvent } from './skip.js';
import { type Copier, TestLog } from './testing/test-log.js';

describe('a projection', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await TestLog.start();
  });
  afterEach(() => log.stopRunners());
  afterAll(() => log.stop());

  /** A copier with its table. */
  async function built(...apply: Parameters<TestLog['copier']>): Promise<Copier> {
    const copier = log.copier(...apply);
    await log.rebuild(copier.projector);
    return copier;
  }

  const rows = (copier: Copier, count: number) =>
    eventually(async () => (await log.rows(copier)).length === count, `${count} rows`);

  it('applies history and then what comes, each event once, over restarts', async () => {
    const copier = await built();
    await log.append(copier, 'a', 'b');
    const first = log.run(copier.projector);
    await rows(copier, 2);
    await log.append(copier, 'c');
    await rows(copier, 3);
    await first.stop();
    await log.append(copier, 'd');
    const second = log.run(copier.projector);
    const { position } = await log.append(copier, 'e');
    await log.reached(second, position);
    expect(await log.rows(copier)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('works in one runner at a time, and another takes over when it ends', async () => {
    const copier = await built();
    const first = log.run(copier.projector);
    await log.append(copier, 'a');
    await eventually(() => first.position, 'the first runner working');
    const second = log.run(copier.projector);
    await log.append(copier, 'b');
    await rows(copier, 2);
    expect(second.position).toBeUndefined();
    await first.stop();
    await log.append(copier, 'c');
    await eventually(async () => (await log.rows(copier)).length === 3 && second.position, 'the second taking over');
  });

  for (const [what, change] of [
    ['position', `position = '999999999'`],
    ['version', 'version = 2'],
    ['log', `epoch = 'another'`],
  ] as const)
    it(`is fenced: when the checkpoint has another ${what} meanwhile, a stale batch touches nothing`, async () => {
      let touched = 0;
      const copier = await built((event) => void (event.type === 'b' && touched++));
      const runner = log.run(copier.projector, { recheckMs: 60_000 });
      await log.append(copier, 'a');
      await rows(copier, 1);
      await log.pool.query(`update read.checkpoint set ${change} where projection = $1`, [copier.name]);
      await log.append(copier, 'b');
      await eventually(() => runner.position === undefined || runner.position === '999999999', 'the fence');
      await new Promise((done) => setTimeout(done, 200));
      expect(await log.rows(copier)).toEqual(['a']);
      expect(touched).toBe(0);
    });

  it('goes on by itself when the database has dropped all of its connections', async () => {
    const copier = await built();
    log.run(copier.projector);
    await log.append(copier, 'a');
    await rows(copier, 1);
    const other = new pg.Client({ connectionString: log.database.url });
    await other.connect();
    await other.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await other.end();
    await log.append(copier, 'b');
    await eventually(async () => (await log.rows(copier).catch(() => [])).length === 2, 'the second event');
  });

  it('goes on by itself when the connection of a batch is lost between two of its statements', async () => {
    let cut = true;
    const copier = await built(async () => {
      if (!cut) return;
      cut = false;
      await log.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()`,
      );
      await new Promise((resolve) => setTimeout(resolve, 200)); // the loss is told while no statement is under way
    });
    const runner = log.run(copier.projector);
    await log.append(copier, 'a', 'b');
    await rows(copier, 2);
    expect(cut).toBe(false);
    expect(runner.fault).toBeUndefined();
  });

  it('passes over what it does not need in memory, and the checkpoint follows within seconds', async () => {
    const copier = await built();
    const runner = log.run(copier.projector);
    await log.append(copier, 'a');
    await rows(copier, 1);
    const before = (await log.checkpoint(copier.name))?.['position'];
    const other = { stream: 'letters-1' };
    let last = await log.append(other, 'x');
    for (let n = 0; n < 20; n++) last = await log.append(other, 'x');
    await log.reached(runner, last.position);
    expect((await log.checkpoint(copier.name))?.['position']).toBe(before);
    await eventually(async () => (await log.checkpoint(copier.name))?.['position'] === last.position, 'the checkpoint');
    await log.append(copier, 'b');
    await rows(copier, 2);
  });

  it('applies several events together where it can, and one by one to find the one that cannot be', async () => {
    const together: number[] = [];
    const copier = await built((event) => {
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    const projector = {
      ...copier.projector,
      gatherMs: 50,
      async applyAll(events: readonly RecordedEvent[], transaction: ClientBase) {
        for (const { revision, type } of events)
          await transaction.query(`insert into ${copier.name} values ($1, $2)`, [revision, type]);
        if (events.some(({ type }) => type === 'poison')) throw new TypeError('one of them');
        together.push(events.length);
      },
    };
    await log.append(copier, 'a', 'b', 'c');
    const runner = log.run(projector);
    await rows(copier, 3);
    expect(together).toEqual([3]);
    const { position } = await log.append(copier, 'd', 'poison', 'e');
    await eventually(() => runner.fault, 'the fault');
    expect(runner.fault?.position).toBe(String(BigInt(position) - 1n));
    expect(await log.rows(copier)).toEqual(['a', 'b', 'c', 'd']);
  });

  describe('at an event that it cannot apply', () => {
    const poisoned = () =>
      built((event) => {
        if (event.type === 'poison') throw new TypeError('cannot read this');
      });

    it('stops, says where, and holds everything before it, also of the same batch', async () => {
      const copier = await poisoned();
      await log.append(copier, 'good');
      const { position } = await log.append(copier, 'poison', 'after').then(async ({ position: last }) => {
        const [poison] = await events(copier, 'poison');
        expect(last).not.toBe(poison);
        return { position: poison };
      });
      const runner = log.run(copier.projector);
      const fault = await eventually(() => runner.fault, 'the fault');
      expect(fault).toBeInstanceOf(ProjectionStopped);
      expect(fault.message).toContain(`position ${position} (poison in`);
      expect(fault.message).toContain(`projections skip ${copier.name} --position ${position}`);
      expect(await log.rows(copier)).toEqual(['good']);
      const [before] = await events(copier, 'good');
      expect(await log.checkpoint(copier.name)).toEqual({
        version: 1,
        position: before,
        fault: fault.message,
        fault_position: position,
      });
    });

    it('does not try again before there is a reason to', async () => {
      let tries = 0;
      const copier = await built((event) => {
        if (event.type !== 'poison') return;
        tries++;
        throw new TypeError('cannot read this');
      });
      await log.append(copier, 'poison');
      const runner = log.run(copier.projector, { recheckMs: 20 });
      await eventually(() => runner.fault, 'the fault');
      await new Promise((done) => setTimeout(done, 400));
      expect(tries).toBe(1);
      expect(runner.fault).toBeInstanceOf(ProjectionStopped);
    });

    it('goes on by itself once that event is on the skip list, without it', async () => {
      const copier = await poisoned();
      const runner = log.run(copier.projector);
      await log.append(copier, 'good', 'poison', 'after');
      await eventually(() => runner.fault, 'the fault');
      const [position] = await events(copier, 'poison');
      if (!position) throw new Error('no such event');
      await skipEvent(log.pool, { projection: copier.name, position, reason: 'a test', skippedBy: 'jest' });
      await rows(copier, 2);
      expect(await log.rows(copier)).toEqual(['good', 'after']);
      expect(runner.fault).toBeUndefined();
      expect(await log.checkpoint(copier.name)).toMatchObject({ fault: null, fault_position: null });
      await runner.stop();
      const again = log.run(copier.projector);
      const { position: last } = await log.append(copier, 'more');
      await log.reached(again, last);
      expect(await log.rows(copier)).toEqual(['good', 'after', 'more']);
    });

    it('goes on at the restart of a program that can apply it', async () => {
      const copier = await poisoned();
      await log.append(copier, 'poison');
      const runner = log.run(copier.projector);
      await eventually(() => runner.fault, 'the fault');
      await runner.stop();
      const repaired = { ...copier.projector, apply: log.copier().projector.apply };
      repaired.apply = async (event, tx) =>
        void (await tx.query(`insert into ${copier.name} values ($1, $2)`, [event.revision, event.type]));
      log.run(repaired);
      await rows(copier, 1);
      await eventually(async () => (await log.checkpoint(copier.name))?.['fault'] === null, 'no fault any more');
    });
  });

  describe('whose tables it cannot use', () => {
    it('of an older version: stops without emptying them, and goes on once they have been rebuilt', async () => {
      const copier = await built();
      await log.append(copier, 'a');
      const old = log.run(copier.projector);
      await rows(copier, 1);
      await old.stop();
      const next: Projector = { ...copier.projector, version: 2 };
      const runner = log.run(next);
      const fault = await eventually(() => runner.fault, 'the fault');
      expect(fault).toBeInstanceOf(ReadModelOutdated);
      expect(fault.message).toContain('version 1');
      expect(fault.message).toContain(`npm run palimpsest -- projections rebuild ${copier.name}`);
      expect(await log.rows(copier)).toEqual(['a']);
      expect(await log.checkpoint(copier.name)).toMatchObject({
        version: 1,
        fault: fault.message,
        fault_position: null,
      });
      await log.rebuild(next);
      const { position } = await log.append(copier, 'b');
      await log.reached(runner, position);
      expect(runner.fault).toBeUndefined();
      expect(await log.checkpoint(copier.name)).toMatchObject({ version: 2, fault: null });
    });

    it('never made: stops and says how to make them', async () => {
      const { projector } = log.copier();
      const runner = log.run(projector);
      const fault = await eventually(() => runner.fault, 'the fault');
      expect(fault).toBeInstanceOf(ReadModelOutdated);
      expect(fault.message).toContain('has not been built yet');
      await log.rebuild(projector);
      await eventually(() => runner.fault === undefined, 'going on');
    });

    it('of a newer version: stops and asks for the newer program', async () => {
      const copier = await built();
      await log.append(copier, 'a');
      await log.rebuild({ ...copier.projector, version: 2 });
      const runner = log.run(copier.projector);
      const fault = await eventually(() => runner.fault, 'the fault');
      expect(fault).toBeInstanceOf(ReadModelTooNew);
      expect(fault.message).toContain('upgrade the program');
      expect(await log.rows(copier)).toEqual(['a']);
      await runner.stop();
      const right = log.run({ ...copier.projector, version: 2 });
      await eventually(async () => (await log.checkpoint(copier.name))?.['fault'] === null, 'no fault any more');
      expect(right.fault).toBeUndefined();
    });

    it('of another log: does not go on', async () => {
      const copier = await built();
      const runner = log.run(copier.projector);
      await log.append(copier, 'a');
      await rows(copier, 1);
      await runner.stop();
      await log.pool.query(`update read.checkpoint set epoch = 'another' where projection = $1`, [copier.name]);
      const stale = log.run(copier.projector);
      const fault = await eventually(() => stale.fault, 'the fault');
      expect(fault).toBeInstanceOf(ForeignCheckpoint);
      expect(fault.message).toContain(`projections rebuild ${copier.name}`);
      await log.rebuild(copier.projector);
      await eventually(() => stale.fault === undefined && stale.position, 'going on with this log');
      expect(await log.rows(copier)).toEqual(['a']);
    });
  });

  describe('without tables (a reactor)', () => {
    function reactor() {
      const { name, stream, projector } = log.copier();
      const seen: string[] = [];
      const reacts: Projector = {
        ...projector,
        ...{ tables: [], ddl: '' },
        apply: (event) => Promise.resolve(void seen.push(event.type)),
      };
      return { name, stream, projector: reacts, seen };
    }

    it('needs no rebuild to begin, and its next version goes on where the one before it was', async () => {
      const { projector, seen, ...copier } = reactor();
      const { position } = await log.append(copier, 'a');
      const first = log.run(projector);
      await log.reached(first, position);
      await first.stop();
      const next = log.run({ ...projector, version: 2 });
      await log.reached(next, (await log.append(copier, 'b')).position);
      expect(seen).toEqual(['a', 'b']);
      expect(await log.checkpoint(copier.name)).toMatchObject({ version: 2, fault: null });
    });

    it('of an older program than the last one stops; with another log too, and says what helps', async () => {
      const { projector, name } = reactor();
      await log.run({ ...projector, version: 2 }).stop();
      const newer = log.run({ ...projector, version: 2 });
      await eventually(() => log.checkpoint(name), 'its checkpoint');
      await newer.stop();
      const older = log.run(projector);
      expect(await eventually(() => older.fault, 'the fault')).toBeInstanceOf(ReadModelTooNew);
      await older.stop();
      await log.pool.query(`update read.checkpoint set epoch = 'another' where projection = $1`, [name]);
      const foreign = log.run({ ...projector, version: 2 });
      const fault = await eventually(() => foreign.fault, 'the fault');
      expect(fault).toBeInstanceOf(ForeignReactor);
      expect(fault.message).toContain('--rebuild-read-models');
    });
  });

  /** Positions of the events of this type. */
  async function events(copier: Copier, type: string) {
    const positions = [];
    for await (const event of log.store.readAll({ filter: { streamPrefixes: [copier.stream], typePrefixes: [type] } }))
      positions.push(event.position);
    return positions;
  }
});
