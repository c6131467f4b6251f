import { constants } from 'node:os';
import type { RunOutcome } from '@palimpsest/domain';
import type { RunLimits } from './limits.js';
import type { Reading } from './meter.js';

/** How the outermost process of a run ended, and what is known besides. */
export interface Ending {
  /** Exit status of bubblewrap, which passes on the program's: 128 + n when signal n ended it. */
  readonly status: number;
  /** Set when a signal ended bubblewrap itself; nobody inside can send one. */
  readonly signal: number;
  /** Whether the program's own first step was reached: before it, what fails is ours. */
  readonly begun: boolean;
  /** Whether Python ended in order: then a status above 128 is the program's choice, as in exit(130). */
  readonly orderly: boolean;
  readonly reading: Reading;
  readonly limits: RunLimits;
  /** The end of the terminal's output, which is bubblewrap's complaint if it could not start. */
  readonly lastOutput: string;
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** What happened to a run that nobody ended on purpose. */
export function outcomeOf(ending: Ending): RunOutcome {
  const { limits, reading } = ending;
  if (reading.outOfMemory) return { kind: 'out-of-memory', limitBytes: limits.memoryBytes };
  if (!ending.begun) return { kind: 'failed', reason: `The sandbox did not start: ${explanation(ending)}` };
  if (ending.signal !== 0)
    return { kind: 'failed', reason: `The sandbox was ended from outside by ${signalName(ending.signal)}.` };
  if (ending.orderly || ending.status <= 128) return { kind: 'exited', code: ending.status };
  return signalled(ending.status - 128, reading, limits);
}

function signalled(signal: number, reading: Reading, limits: RunLimits): RunOutcome {
  // The kernel sends SIGXCPU at the limit of one process, and SIGKILL a second later to those who ignore it.
  const overLimit = reading.cpuMs >= limits.cpuSeconds * 1000;
  const byLimit = signal === constants.signals.SIGXCPU || (signal === constants.signals.SIGKILL && overLimit);
  if (byLimit) return { kind: 'timed-out', limit: 'cpu', seconds: limits.cpuSeconds };
  return { kind: 'signalled', signal: signalName(signal) };
}

function explanation(ending: Ending): string {
  // eslint-disable-next-line no-control-regex
  const said = ending.lastOutput.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return said === '' ? `it ended with status ${ending.status} and said nothing.` : said.slice(-300);
}

function signalName(signal: number): string {
  return SIGNALS.get(signal) ?? `signal ${signal}`;
}
