import { describe, expect, it } from '@jest/globals';
import type { RunDto, RunStateName } from '@palimpsest/protocol/wire';
import { chooseRun } from './run-choice.js';

/** Runs newest first, as "id state" pairs. */
const runs = (...list: (readonly [string, RunStateName])[]) => list.map(([id, state]) => ({ id, state }) as RunDto);

describe('chooseRun', () => {
  it.each([
    ['nothing where nothing ran', runs(), null, null],
    ['the newest that is alive', runs(['c', 'finished'], ['b', 'running'], ['a', 'repl']), null, 'b'],
    ['the newest where none is alive', runs(['b', 'finished'], ['a', 'finished']), null, 'b'],
    ['what is shown, though it has ended', runs(['b', 'finished'], ['a', 'running']), 'b', 'b'],
    ['a newer run of somebody else', runs(['b', 'queued'], ['a', 'repl']), 'a', 'b'],
    ['a newer run that has ended already', runs(['b', 'finished'], ['a', 'repl']), 'a', 'b'],
    ['a run that the list does not know yet', runs(['a', 'finished']), 'z', 'z'],
  ])('shows %s', (_name, list, shown, expected) => {
    expect(chooseRun(list, shown)).toBe(expected);
  });
});
