import { describe, expect, it } from '@jest/globals';
import { fromJsonBytes, type RunEvent, SYSTEM } from '@palimpsest/domain';
import {
  type AppendResult,
  type EventStore,
  InvalidArgument,
  type NewEvent,
  Unavailable,
} from '@palimpsest/event-store';
import { RunLog } from './run-log.js';

const END: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'cancelled' }, usage: null } };

/** A log that answers its appends with these refusals first. */
function logRefusing(...refusals: Error[]) {
  const recorded: NewEvent[] = [];
  const asked: string[][] = [];
  const store = {
    append: (_: string, events: readonly NewEvent[]) => {
      asked.push(events.map(({ id }) => id));
      const refusal = refusals.shift();
      if (refusal) return Promise.reject(refusal);
      recorded.push(...events);
      return Promise.resolve({} as AppendResult);
    },
  } as unknown as EventStore;
  const faults: unknown[] = [];
  const source = {
    pause: () => undefined,
    resume: () => undefined,
    fault: (error: unknown) => void faults.push(error),
  };
  return { log: new RunLog(store, 'run-1', { actor: SYSTEM }, source), recorded, asked, faults };
}

describe('the log of a run', () => {
  it('repeats what a store that was away did not confirm, with the same ids', async () => {
    const { log, recorded, asked, faults } = logRefusing(new Unavailable('away'));
    log.output(1, 'a');
    await log.flushed();
    expect(asked).toEqual([asked[0], asked[0]]);
    expect(recorded.map(({ data }) => fromJsonBytes(data))).toEqual([{ chunks: [[1, 'a']] }]);
    expect(faults).toEqual([]);
  });

  it('records the end, and nothing between, when something was refused for good', async () => {
    const refusal = new InvalidArgument('no');
    const { log, recorded, faults } = logRefusing(refusal);
    log.output(1, 'lost');
    log.output(2, 'lost');
    await log.flushed();
    expect(faults).toEqual([refusal]);
    log.output(3, 'late');
    log.event({ type: 'ReplEntered', data: { ms: 3, script: { kind: 'completed' } } });
    log.later(Promise.resolve(END));
    log.event(END);
    await log.flushed();
    expect(recorded.map(({ type }) => type)).toEqual(['RunFinished']);
  });

  it('forgets nothing that comes in the moment in which it has written all', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { log, recorded } = logRefusing();
      log.output(1, 'a');
      for (let n = 0; n < turns; n++) await Promise.resolve();
      log.event(END);
      await log.flushed();
      expect(recorded.map(({ type }) => type).at(-1)).toBe('RunFinished');
    }
  });

  it('has nothing to write where there is no text', async () => {
    const { log, asked } = logRefusing();
    log.output(1, '');
    await log.flushed();
    expect(asked).toEqual([]);
  });

  it('records nothing at all once somebody else has written the end', async () => {
    const { log, recorded } = logRefusing();
    log.discard();
    log.output(1, 'late');
    log.event(END);
    await log.flushed();
    expect(recorded).toEqual([]);
  });
});
