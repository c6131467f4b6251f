import { createHash } from 'node:crypto';
import { encodeEventLine } from '@palimpsest/archive';
import { fromJsonBytes, readMetadata, toJsonBytes } from '@palimpsest/domain';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import { inLogOrder, type Source } from '../in-log-order.js';

/**
 * What of an event leaves. `whole`: every byte, so that it can be compared with the log. `reduced`: without what says where
 * somebody was and with which browser. `none`: it is not theirs to have.
 */
export type Share = 'whole' | 'reduced' | 'none';

export interface EventLinesOptions {
  readonly store: EventStore;
  readonly sources: readonly Source[];
  share(event: RecordedEvent): Share;
  /** What was asked for, as the manifest says it. */
  readonly query: Readonly<Record<string, string>>;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is beside the lines, so that whoever has both can tell whether they are whole. */
export interface EventsManifest {
  readonly format: 'palimpsest-events';
  readonly version: 1;
  /** Identity of the log. */
  readonly log: string;
  readonly query: Readonly<Record<string, string>>;
  readonly count: number;
  /** How many of them are not byte by byte as in the log. */
  readonly reduced: number;
  /** Positions in the log of the first and the last; null: there is none. */
  readonly first: string | null;
  readonly last: string | null;
  /** Of the file events.jsonl, 64 hexadecimal digits in lower case. */
  readonly sha256: string;
}

/** Parts of the metadata that lead to a place, a device or another act of somebody. */
const PRIVATE = ['address', 'session', 'connection', 'correlation', 'causation'] as const;

/** Events as lines of JSON, in the order of the log: the lines of an archive (docs/ARCHIVE.md). Made for one use. */
export class EventLines {
  readonly #hash = createHash('sha256');
  #count = 0;
  #reduced = 0;
  #first: string | null = null;
  #last: string | null = null;

  constructor(private readonly options: EventLinesOptions) {}

  get count(): number {
    return this.#count;
  }

  async *lines(): AsyncGenerator<string> {
    const { store, sources, share, from, until, signal } = this.options;
    for await (const event of inLogOrder(store, sources, signal)) {
      if (until && event.recordedAt >= until) return;
      const part = from && event.recordedAt < from ? 'none' : share(event);
      if (part === 'none') continue;
      const line = `${part === 'whole' ? encodeEventLine(event) : reducedLine(event)}\n`;
      this.#note(event, part, line);
      yield line;
    }
  }

  /** When the lines have ended. */
  async manifest(): Promise<EventsManifest> {
    const { store, query } = this.options;
    return {
      ...{ format: 'palimpsest-events', version: 1, log: await store.identity(), query, count: this.#count },
      ...{ reduced: this.#reduced, first: this.#first, last: this.#last, sha256: this.#hash.digest('hex') },
    };
  }

  #note({ position }: RecordedEvent, part: Share, line: string): void {
    this.#hash.update(line);
    this.#count += 1;
    if (part === 'reduced') this.#reduced += 1;
    this.#first ??= position;
    this.#last = position;
  }
}

/** The line without the private parts of the metadata; `"reduced":true` says so. */
function reducedLine(event: RecordedEvent): string {
  const kept: Record<string, unknown> = { ...readMetadata(event) };
  for (const name of PRIVATE) delete kept[name];
  const line = fromJsonBytes(Buffer.from(encodeEventLine({ ...event, metadata: toJsonBytes(kept) })));
  return JSON.stringify({ ...(line as object), reduced: true });
}
