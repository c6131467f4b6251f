import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FoldedRecords } from './folded-records.js';

describe('what happens very often', () => {
  let recorded: string[];
  let records: FoldedRecords<string>;

  beforeEach(() => {
    jest.useFakeTimers();
    recorded = [];
    records = new FoldedRecords((what, times) => {
      recorded.push(`${what} ${times}`);
      return Promise.resolve();
    });
  });
  afterEach(() => void jest.useRealTimers());

  it('is recorded at once, and then once a minute with its number while it goes on', async () => {
    await records.note('a', 'first');
    for (let n = 0; n < 5; n++) await records.note('a', `again ${n}`);
    expect(recorded).toEqual(['first 1']);
    jest.advanceTimersByTime(59_999);
    expect(recorded).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(recorded).toEqual(['first 1', 'again 4 5']);
    await records.note('a', 'more');
    jest.advanceTimersByTime(60_000);
    expect(recorded.at(-1)).toBe('more 1');
  });

  it('begins anew after a minute of rest', async () => {
    await records.note('a', 'one');
    jest.advanceTimersByTime(60_000);
    await records.note('a', 'two');
    expect(recorded).toEqual(['one 1', 'two 1']);
  });

  it('is one thing for each key, and what was counted is recorded at the end', async () => {
    for (const key of ['a', 'b', 'a', 'a']) await records.note(key, key);
    expect(recorded).toEqual(['a 1', 'b 1']);
    await records.close();
    expect(recorded).toEqual(['a 1', 'b 1', 'a 2']);
    jest.advanceTimersByTime(120_000);
    expect(recorded).toHaveLength(3);
  });
});
