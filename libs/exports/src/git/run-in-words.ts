import type { RunAccount } from '../run-account.js';

/** How a run ended, in few words. */
export function runInWords({ outcome, script, errors }: RunAccount): string {
  if (script?.kind === 'raised') return script.exception || errors[0]?.exception || 'error';
  if (script?.kind === 'exit') return `exited ${script.code}`;
  if (script?.kind === 'completed') return 'exited 0';
  switch (outcome?.kind) {
    case undefined:
      return 'not ended yet';
    case 'exited':
      return `exited ${outcome.code}`;
    case 'signalled':
      return `ended by ${outcome.signal}`;
    case 'timed-out':
      return `stopped after ${outcome.seconds} s (${outcome.limit})`;
    case 'out-of-memory':
      return 'out of memory';
    case 'output-limit':
      return 'too much output';
    case 'workspace-limit':
      return 'too much in its workspace';
    case 'cancelled':
    case 'interrupted':
    case 'refused':
    case 'failed':
      return outcome.kind;
  }
}
