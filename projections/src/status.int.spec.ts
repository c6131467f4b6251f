import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { activityProjector } from './activity/activity-projector.js';
import { auditProjector } from './audit-projector.js';
import { directoryProjector } from './directory-projector.js';
import type { Projector } from './projector.js';
import { runsProjector } from './runs-projector.js';
import { projectionStatus, type ProjectionStatus } from './status.js';
import { skipEvent } from './skip.js';
import { type Copier, TestLog } from './testing/test-log.js';

describe('the status of projections', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await TestLog.start();
  });
  afterEach(() => log.stopRunners());
  afterAll(() => log.stop());

  async function status(projector: Projector): Promise<ProjectionStatus> {
    const all = await projectionStatus(log.store, log.pool, [projector], []);
    const found = all.find(({ name }) => name === projector.name);
    if (!found) throw new Error('it is not in the list');
    return found;
  }

  async function built(...apply: Parameters<TestLog['copier']>): Promise<Copier> {
    const copier = log.copier(...apply);
    await log.rebuild(copier.projector);
    return copier;
  }

  it('names every read model and reactor of the program, and what else the database has', async () => {
    await log.pool.query(`insert into read.checkpoint (projection, version) values ('retired', 3)`);
    const all = await projectionStatus(log.store, log.pool);
    const shown = all.map(({ name, kind, programVersion, storedVersion, state }) => [
      ...[name, kind, programVersion, storedVersion, state],
    ]);
    expect(shown).toEqual([
      ['directory', 'read-model', directoryProjector.version, 1, 'outdated'],
      ['runs', 'read-model', runsProjector.version, 1, 'outdated'],
      ['audit', 'read-model', auditProjector.version, 1, 'outdated'],
      ['metrics', 'read-model', 1, undefined, 'outdated'],
      ['activity', 'read-model', activityProjector.version, undefined, 'outdated'],
      ['run-queue', 'reactor', 2, undefined, 'never-run'],
      ['write-back', 'reactor', 1, undefined, 'never-run'],
      ['evidence', 'reactor', 1, undefined, 'never-run'],
      ['retired', 'reactor', undefined, 3, 'never-run'],
    ]);
    await log.pool.query(`delete from read.checkpoint where projection = 'retired'`);
  });

  it('current, behind, and current again: what others write does not make it behind', async () => {
    const copier = await built();
    const { position } = await log.append(copier, 'a', 'b');
    expect(await status(copier.projector)).toMatchObject({ state: 'behind', head: position, storedVersion: 1 });
    const runner = log.run(copier.projector);
    await log.reached(runner, position);
    await runner.stop();
    expect(await status(copier.projector)).toMatchObject({ state: 'current', position, share: 1, fault: undefined });
    const { position: head } = await log.append({ stream: 'others-1' }, 'a');
    const after = await status(copier.projector);
    expect(after).toMatchObject({ state: 'current', position, head, share: 1 });
    expect(after.updatedAt).toBeInstanceOf(Date);
    await log.append(copier, 'c');
    const behind = await status(copier.projector);
    expect(behind.state).toBe('behind');
    expect(behind.share).toBeGreaterThan(0);
    expect(behind.share).toBeLessThan(1);
  });

  it('stopped, as another process sees it, with the text and the position; after a skip it goes on', async () => {
    const copier = await built((event) => {
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    const { position } = await log.append(copier, 'poison');
    const runner = log.run(copier.projector);
    const fault = await eventually(() => runner.fault, 'the fault');
    expect(await status(copier.projector)).toMatchObject({
      ...{ state: 'stopped', fault: fault.message, faultPosition: position, skipped: 0 },
    });
    await skipEvent(log.pool, { projection: copier.name, position, reason: 'a test', skippedBy: 'jest' });
    await log.reached(runner, position);
    expect(await status(copier.projector)).toMatchObject({
      ...{ state: 'current', fault: undefined, faultPosition: undefined, skipped: 1 },
    });
  });

  it('outdated, never built and too new, with what to do', async () => {
    const copier = await built();
    const next = await status({ ...copier.projector, version: 2 });
    expect(next).toMatchObject({ state: 'outdated', programVersion: 2, storedVersion: 1 });
    expect(next.fault).toContain(`projections rebuild ${copier.name}`);
    const missing = await status(log.copier().projector);
    expect(missing).toMatchObject({ state: 'outdated', storedVersion: undefined, share: 0, updatedAt: undefined });
    expect(missing.fault).toContain('has not been built yet');
    await log.rebuild({ ...copier.projector, version: 2 });
    const old = await status(copier.projector);
    expect(old).toMatchObject({ state: 'too-new', programVersion: 1, storedVersion: 2 });
    expect(old.fault).toContain('upgrade the program');
  });

  it('of another log', async () => {
    const copier = await built();
    await log.pool.query(`update read.checkpoint set epoch = 'another', position = '7' where projection = $1`, [
      copier.name,
    ]);
    const foreign = await status(copier.projector);
    expect(foreign).toMatchObject({ state: 'foreign-log', share: 0 });
    expect(foreign.fault).toContain('another event log');
  });

  it('of a newer version that another kind of store was read for', async () => {
    const copier = await built();
    await log.pool.query(
      `update read.checkpoint set version = 9, epoch = 'another', position = '12/12' where projection = $1`,
      [copier.name],
    );
    expect(await status(copier.projector)).toMatchObject({ state: 'too-new', share: 0 });
  });

  it('of a reactor: an older version is not outdated', async () => {
    const reactor = { name: 'bell', version: 2, streamPrefixes: ['bell-'] };
    await log.pool.query(`insert into read.checkpoint (projection, version, epoch) values ('bell', 1, $1)`, [
      await log.store.identity(),
    ]);
    const [first] = await projectionStatus(log.store, log.pool, [], [reactor]);
    expect(first).toMatchObject({ name: 'bell', kind: 'reactor', state: 'current', programVersion: 2 });
  });

  it('of a rebuild: under way, interrupted, stopped, done', async () => {
    let go = () => {};
    let gate: Promise<void> | undefined = new Promise<void>((resolve) => (go = resolve));
    const copier = log.copier(async (event) => {
      if (event.type === 'slow') await gate;
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    await log.append(copier, ...Array.from({ length: 600 }, () => 'a'), 'slow');
    const abort = new AbortController();
    const first = log.rebuild(copier.projector, { signal: abort.signal }).catch(() => undefined);
    const rebuild = async () => (await status(copier.projector)).rebuild;
    const running = await eventually(async () => {
      const now = await rebuild();
      return now && now.events > 0 && now;
    }, 'the first batches');
    expect(running).toMatchObject({ version: 1, running: true, fault: undefined });
    expect(running.events).toBeLessThan(601);
    expect(running.share).toBeGreaterThan(0);
    expect(running.share).toBeLessThan(1);
    expect(running.startedAt).toBeInstanceOf(Date);
    abort.abort();
    go();
    gate = undefined;
    await first;
    expect(await rebuild()).toMatchObject({ running: false });
    const { position } = await log.append(copier, 'poison');
    await expect(log.rebuild(copier.projector)).rejects.toThrow('has stopped');
    const stopped = await rebuild();
    expect(stopped).toMatchObject({ running: false, events: 601, faultPosition: position });
    expect(stopped?.fault).toContain('cannot read this');
    await skipEvent(log.pool, { projection: copier.name, position, reason: 'a test', skippedBy: 'jest' });
    await log.rebuild(copier.projector);
    expect(await status(copier.projector)).toMatchObject({ state: 'current', rebuild: undefined });
  });
});
