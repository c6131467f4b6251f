import { describe, expect, it } from '@jest/globals';
import { ApiProblem } from './api-problem.js';
import { delivered, newKey } from './command-delivery.js';

const lost = new ApiProblem(0, 'unreachable', 'The server does not answer.');

/** Sends that fail with `errors`, one after the other, and then answer. */
function sending(...errors: Error[]) {
  const keys: string[] = [];
  const waits: number[] = [];
  const send = (key: string) => {
    const error = errors[keys.push(key) - 1];
    return error ? Promise.reject(error) : Promise.resolve('answer');
  };
  const pause = (ms: number) => Promise.resolve(void waits.push(ms));
  return { keys, waits, answer: () => delivered(send, pause) };
}

describe('a command on its way', () => {
  it('is sent again with the same key while there is no answer', async () => {
    const { keys, waits, answer } = sending(lost, new ApiProblem(503, 'unavailable', ''));
    expect(await answer()).toBe('answer');
    expect(waits).toEqual([300, 1_200]);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
  });

  it('waits for the first try that is still under way', async () => {
    const { keys, answer } = sending(lost, new ApiProblem(409, 'request-under-way', ''));
    expect(await answer()).toBe('answer');
    expect(keys).toHaveLength(3);
  });

  it('is given up after three tries', async () => {
    const { keys, answer } = sending(lost, lost, lost);
    await expect(answer()).rejects.toBe(lost);
    expect(keys).toHaveLength(3);
  });

  it.each([
    [409, 'path-taken'],
    [429, 'limit-reached'],
    [500, 'fault'],
  ])('takes %d %s for an answer', async (status, code) => {
    const refusal = new ApiProblem(status, code, '');
    const { keys, answer } = sending(refusal);
    await expect(answer()).rejects.toBe(refusal);
    expect(keys).toHaveLength(1);
  });

  it('has another key than any other', () => {
    expect(new Set(Array.from({ length: 100 }, newKey)).size).toBe(100);
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
  });
});
