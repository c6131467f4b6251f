import { expect, it } from '@jest/globals';
import type { RunOutcome, ScriptEnd } from '@palimpsest/domain';
import { resultOf } from './run-rows.js';

const completed: ScriptEnd = { kind: 'completed' };
const cancelled: RunOutcome = { kind: 'cancelled' };
const cpu: RunOutcome = { kind: 'timed-out', limit: 'cpu', seconds: 10 };

it.each<[RunOutcome | undefined, ScriptEnd | undefined, string | undefined]>([
  [{ kind: 'exited', code: 0 }, undefined, 'Success'],
  [{ kind: 'exited', code: 2 }, undefined, 'Error'],
  [{ kind: 'out-of-memory', limitBytes: 1 }, undefined, 'Error'],
  [cancelled, undefined, 'Error'],
  [cpu, undefined, 'Timeout'],
  [cancelled, completed, 'Success'],
  [{ kind: 'timed-out', limit: 'idle', seconds: 10 }, completed, 'Success'],
  [{ kind: 'exited', code: 0 }, { kind: 'raised', exception: 'ValueError' }, 'Error'],
  [undefined, { kind: 'exit', code: 3 }, 'Error'],
  [undefined, undefined, undefined],
])('%j after %j is %s', (outcome, script, result) => expect(resultOf({ outcome, script })).toBe(result));
