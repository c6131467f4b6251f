import type { RunOutcome } from '@palimpsest/domain';

const MEGABYTE = 1024 * 1024;

/** What a student reads when a run has ended: what happened, why, and what can be done. */
export function outcomeInWords(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0 ? 'The program ended.' : `The program ended with exit code ${outcome.code}.`;
    case 'signalled':
      return `The program was ended by signal ${outcome.signal}.`;
    case 'timed-out':
      return {
        cpu: `Stopped: the program used up its ${outcome.seconds} s of processor time. Is there a loop that never ends?`,
        wall: `Stopped: the program was open for ${outcome.seconds} s. Run it again to go on.`,
        idle: `Closed after ${outcome.seconds} s without input. Run it again to go on.`,
      }[outcome.limit];
    case 'out-of-memory':
      return `Stopped: the program needed more than its ${Math.round(outcome.limitBytes / MEGABYTE)} MB of memory.`;
    case 'output-limit':
      return `Stopped: the program printed more than ${Math.round(outcome.limitBytes / MEGABYTE)} MB. Is there a loop that prints for ever?`;
    case 'workspace-limit':
      return {
        bytes: `Stopped: the files of the program took more than ${Math.round(outcome.most / MEGABYTE)} MB together.`,
        entries: `Stopped: the program made more than ${outcome.most} files and folders.`,
        depth: `Stopped: the program made more than ${outcome.most} folders inside each other.`,
      }[outcome.limit];
    case 'cancelled':
      return 'Stopped.';
    case 'interrupted':
      return 'Interrupted: the server was stopped. What was printed until then is kept; run it again.';
    case 'refused':
      return `Not run: ${outcome.reason}`;
    case 'failed':
      return `The program could not be run: ${outcome.reason}`;
  }
}
