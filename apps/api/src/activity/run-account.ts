import { type DomainEvent, readEvent, type RunId, streamOf, type UserId } from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, StreamNotFound } from '@palimpsest/event-store';
import type { RunDetailDto } from '@palimpsest/protocol';
import { notKeptInWords, producedInWords } from '../runs/files-in-words.js';

/** Characters of output in an account; `GET …/output` has all of it. */
export const SHOWN_OUTPUT = 64 * 1024;

/** Entries of each list in an account: at a prompt, errors and lines have no end. */
export const MOST_ENTRIES = 500;

type Lists = Pick<RunDetailDto, 'raised' | 'figures' | 'produced' | 'notKept'>;

/** What the stream of a run says beyond its row in a list. */
export interface RunAccount extends Lists {
  readonly output: string;
  readonly outputLength: number;
  readonly inputs: readonly { readonly at: string; readonly by: UserId; readonly text: string }[];
}

/** Takes the events of a run in their order. */
export class AccountBuilder {
  readonly lists: Lists = { raised: [], figures: [], produced: [], notKept: [] };
  readonly inputs: { at: string; by: UserId; text: string }[] = [];
  output = '';
  outputLength = 0;

  take(event: DomainEvent, at: string): void {
    switch (event.type) {
      case 'OutputEmitted':
        return this.#print(event.data.chunks.map(([, text]) => text).join(''));
      case 'InputProvided':
        return this.#type(at, event.data.by, event.data.text);
      case 'ErrorRaised': {
        const { exception, message, path, line, explanation, traceback } = event.data;
        const error = { at, exception, message, path, line, explanation: explanation?.text ?? null, traceback };
        return add(this.lists.raised, error);
      }
      case 'FigureProduced': {
        const { sha256, mediaType, bytes, width, height } = event.data;
        return add(this.lists.figures, { sha256, mediaType, bytes, width, height });
      }
      case 'FileProduced': {
        const { file, path, keptAs, change } = event.data;
        return add(this.lists.produced, { file, path: keptAs ?? path, change, text: producedInWords(event.data) });
      }
      case 'FilesCollected':
        return event.data.notKept.forEach((file) => add(this.lists.notKept, notKeptInWords(file)));
      case 'FilesNotKept':
        return event.data.files.forEach((file) => add(this.lists.notKept, notKeptInWords(file)));
      default:
    }
  }

  #print(text: string): void {
    this.outputLength += text.length;
    if (this.output.length < SHOWN_OUTPUT) this.output = (this.output + text).slice(0, SHOWN_OUTPUT);
  }

  /** A terminal sends a key at a time: what one person types up to the end of the line is one input. */
  #type(at: string, by: UserId, text: string): void {
    const last = this.inputs.at(-1);
    if (last && last.by === by && !/[\r\n]$/.test(last.text)) last.text += text;
    else add(this.inputs, { at, by, text });
  }
}

function add<Entry>(list: Entry[], entry: Entry): void {
  if (list.length < MOST_ENTRIES) list.push(entry);
}

/** The events of a run; none where there is no stream. */
async function* eventsOf(store: EventStore, run: RunId): AsyncGenerator<RecordedEvent> {
  try {
    yield* store.readStream(streamOf.run(run));
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  }
}

export async function readRunAccount(store: EventStore, run: RunId): Promise<RunAccount> {
  const builder = new AccountBuilder();
  for await (const recorded of eventsOf(store, run))
    builder.take(readEvent(recorded), recorded.recordedAt.toISOString());
  const { lists, inputs, output, outputLength } = builder;
  return { ...lists, inputs, output, outputLength };
}

/** All that a run has printed so far, and whether it has ended: then there will be no more. The executor bounds it. */
export async function readRunOutput(store: EventStore, run: RunId): Promise<{ text: string; isOver: boolean }> {
  const pieces: string[] = [];
  let isOver = false;
  for await (const recorded of eventsOf(store, run)) {
    if (recorded.type === 'RunFinished') isOver = true;
    if (recorded.type !== 'OutputEmitted') continue;
    const event = readEvent(recorded);
    if (event.type === 'OutputEmitted') pieces.push(...event.data.chunks.map(([, text]) => text));
  }
  return { text: pieces.join(''), isOver };
}
