import {
  asId,
  type ErrorRaised,
  readEvent,
  type RunId,
  type RunOutcome,
  type ScriptEnd,
  streamOf,
} from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';

/** Characters of one run's output or input that an export takes; the log has all of it. */
const MAX_TERMINAL = 262_144;
/** Errors of one run that an export tells of; at the prompt there may be any number. */
const MAX_ERRORS = 100;

/** What a run came to. */
export interface RunAccount {
  /** Undefined: it has not ended. */
  readonly outcome: RunOutcome | undefined;
  /** How the script ended, where its console became a prompt. */
  readonly script: ScriptEnd | undefined;
  /** Milliseconds since 1970; undefined: it never began. */
  readonly startedAt: number | undefined;
  readonly errors: readonly ErrorRaised['data'][];
  /** As the terminal showed it: echo of what was typed and errors are in it. */
  readonly output: string;
  readonly input: string;
}

/** Reads a run's stream to its end. */
export async function readRunAccount(store: EventStore, run: string): Promise<RunAccount> {
  const account = {
    ...{ outcome: undefined, script: undefined, startedAt: undefined },
    ...{ errors: [], output: '', input: '' },
  } as { -readonly [Name in keyof RunAccount]: RunAccount[Name] } & { errors: ErrorRaised['data'][] };
  try {
    for await (const recorded of store.readStream(streamOf.run(asId<RunId>(run)))) {
      const event = readEvent(recorded);
      if (event.type === 'RunStarted') account.startedAt = event.data.startedAt;
      else if (event.type === 'OutputEmitted')
        account.output = taken(account.output, event.data.chunks.map(([, text]) => text).join(''));
      else if (event.type === 'InputProvided') account.input = taken(account.input, event.data.text);
      else if (event.type === 'ErrorRaised' && account.errors.length < MAX_ERRORS) account.errors.push(event.data);
      else if (event.type === 'ReplEntered') account.script = event.data.script ?? undefined;
      else if (event.type === 'RunFinished') account.outcome = event.data.outcome;
    }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  }
  return account;
}

function taken(before: string, more: string): string {
  return before.length >= MAX_TERMINAL ? before : (before + more).slice(0, MAX_TERMINAL);
}
