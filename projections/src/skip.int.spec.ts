import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Position } from '@palimpsest/event-store';
import { eventually } from '@palimpsest/test-support';
import { skipEvent, SkipRefused } from './skip.js';
import { TestLog } from './testing/test-log.js';

describe('the skip list', () => {
  let log: TestLog;
  let projection = '';
  let poison: Position;
  let good: Position;

  beforeAll(async () => {
    log = await TestLog.start();
    const copier = log.copier((event) => {
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    projection = copier.name;
    await log.rebuild(copier.projector);
    good = (await log.append(copier, 'good')).position;
    poison = (await log.append(copier, 'poison')).position;
    const runner = log.run(copier.projector, { recheckMs: 60_000 });
    await eventually(() => runner.fault, 'the fault');
  });
  afterAll(() => log.stop());

  const skip = (position: Position, reason = 'a test', skippedBy = 'jest') =>
    skipEvent(log.pool, { projection, position, reason, skippedBy });
  const entries = async () =>
    (await log.pool.query('select projection, position, reason, skipped_by, skipped_at from read.skip')).rows;

  it('takes no event at which the projection has not stopped, and says where it has', async () => {
    const refusal = await skip(good).catch((error: Error) => error);
    expect(refusal).toBeInstanceOf(SkipRefused);
    expect((refusal as Error).message).toContain(`it has stopped at ${poison}`);
    const other = { projection: 'directory', position: poison, reason: 'a test', skippedBy: 'jest' };
    await expect(skipEvent(log.pool, other)).rejects.toThrow('it has not stopped at any event');
    expect(await entries()).toEqual([]);
  });

  it('takes none without a reason and a name', async () => {
    await expect(skip(poison, ' ')).rejects.toThrow('Say why');
    await expect(skip(poison, 'a test', '')).rejects.toThrow('who decided it');
    expect(await entries()).toEqual([]);
  });

  it('takes none from what vouches for the log, wherever that has stopped', async () => {
    await log.pool.query(
      `insert into read.checkpoint (projection, version, epoch, position, fault, fault_position, fault_at)
       select 'evidence', 1, epoch, null, 'a test', $1, now() from read.checkpoint where projection = $2`,
      [poison, projection],
    );
    const evidence = { projection: 'evidence', position: poison, reason: 'a test', skippedBy: 'jest' };
    await expect(skipEvent(log.pool, evidence)).rejects.toThrow('has every event');
    expect(await entries()).toEqual([]);
  });

  it('keeps what was left out, why, when and by whom; the first time counts', async () => {
    await skip(poison, 'written by a broken import', 'grace');
    await skip(poison, 'again', 'ada');
    expect(await entries()).toEqual([
      {
        ...{ projection, position: poison, reason: 'written by a broken import', skipped_by: 'grace' },
        skipped_at: expect.any(Date),
      },
    ]);
  });

  it('means nothing in another log', async () => {
    const copier = log.copier((event) => {
      if (event.type === 'poison') throw new TypeError('cannot read this');
    });
    const { position } = await log.append(copier, 'poison');
    await expect(log.rebuild(copier.projector)).rejects.toThrow('has stopped');
    await log.pool.query(
      `insert into read.skip (projection, epoch, position, reason, skipped_by) values ($1, 'another', $2, 'a', 'b')`,
      [copier.name, position],
    );
    await expect(log.rebuild(copier.projector)).rejects.toThrow('has stopped');
  });
});
