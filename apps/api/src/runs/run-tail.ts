import {
  type DomainEvent,
  fold,
  type NotKept,
  readEvent,
  type RunCommand,
  runDecider,
  type RunEvent,
  type RunState,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { RunServerMessage } from '@palimpsest/protocol';
import { notKeptInWords, producedInWords } from './files-in-words.js';
import { outcomeInWords } from './outcome-in-words.js';

/** The state of a run as its tail has seen it, and each event as the message for the browser. */
export class RunTail {
  #state: RunState = runDecider.initial;
  readonly #nameOf: (user: string) => Promise<string>;

  constructor(nameOf: (user: string) => Promise<string>) {
    this.#nameOf = nameOf;
  }

  get state(): RunState {
    return this.#state;
  }

  /** What `command` would do to the state as seen so far. */
  decide(command: RunCommand) {
    return runDecider.decide(command, this.#state);
  }

  /** Takes the next event of the stream. Returns the message for it, or undefined where there is nothing to show. */
  async next(recorded: RecordedEvent): Promise<RunServerMessage | undefined> {
    const event: DomainEvent = readEvent(recorded);
    this.#state = fold(runDecider, [event as RunEvent], this.#state);
    return this.#message(event as RunEvent, recorded.recordedAt.getTime());
  }

  async #message(event: RunEvent, at: number): Promise<RunServerMessage | undefined> {
    switch (event.type) {
      case 'RunRequested': {
        const { by, mode, entry, columns, rows } = event.data;
        return { t: 'requested', by, byName: await this.#nameOf(by), mode, entry, columns, rows, at };
      }
      case 'RunStarted':
        return { t: 'started', sandbox: event.data.sandbox, at };
      case 'OutputEmitted':
        return { t: 'output', text: event.data.chunks.map(([, text]) => text).join('') };
      case 'TerminalResized':
        return { t: 'resized', columns: event.data.columns, rows: event.data.rows };
      case 'ReplEntered':
        return { t: 'repl', script: event.data.script };
      case 'ErrorRaised': {
        const { exception, message, path, line, explanation, traceback } = event.data;
        return { t: 'error', exception, message, path, line, explanation, traceback };
      }
      case 'FigureProduced': {
        const { sha256, mediaType, bytes, width, height } = event.data;
        return { t: 'figure', sha256, mediaType, bytes, width, height };
      }
      case 'RunCancelled':
        return { t: 'cancelled', byName: await this.#nameOf(event.data.by) };
      case 'RunFinished': {
        const { outcome } = event.data;
        return { t: 'finished', text: outcomeInWords(outcome), outcome: outcome.kind, at };
      }
      case 'FileProduced': {
        const { file, path, keptAs, change } = event.data;
        return { t: 'produced', file, path: keptAs ?? path, change, text: producedInWords(event.data) };
      }
      case 'FilesCollected':
        return notKept(event.data.notKept, event.data.more);
      case 'FilesNotKept':
        return notKept(event.data.files, 0);
      case 'InputProvided':
        return undefined; // the terminal's echo shows it
    }
  }
}

function notKept(files: readonly NotKept[], more: number): RunServerMessage | undefined {
  return files.length === 0 ? undefined : { t: 'notKept', sentences: files.map(notKeptInWords), more };
}
