/** Writes the events of another log, one append after the other: only so is their order the old one. */
import { AppendTooLarge, InvalidArgument, WrongExpectedVersion } from '../errors.js';
import type { ImportedEvent } from '../event-store.js';
import { checkImport, groupsOfImport } from '../import-groups.js';
import type { Appender } from './appender.js';
import { recordedBefore } from './event-codec.js';

export class Importer {
  constructor(private readonly appender: Appender) {}

  /** An exact revision each, so that the server knows a repetition for ever. */
  async importEvents(events: readonly ImportedEvent[]): Promise<void> {
    checkImport(events);
    for (const group of groupsOfImport(events, (last, next) => !continues(last, next))) {
      await this.append(group);
    }
  }

  /** What the server counts beside data and metadata is its own affair: what is too large for it goes in two halves. */
  private async append(group: readonly ImportedEvent[]): Promise<void> {
    const [first] = group;
    if (!first) return;
    try {
      await this.appendTo(first, group);
    } catch (error) {
      if (!(error instanceof AppendTooLarge) || group.length === 1) throw error;
      const half = group.length >> 1;
      await this.append(group.slice(0, half));
      await this.append(group.slice(half));
    }
  }

  private async appendTo({ stream, revision }: ImportedEvent, group: readonly ImportedEvent[]): Promise<void> {
    const expected = revision === 0n ? 'noStream' : revision - 1n;
    const events = group.map(({ id, type, contentType, data, metadata, recordedAt }) => ({
      ...{ id, type, contentType, data, ...(metadata && { metadata }) },
      [recordedBefore]: recordedAt,
    }));
    try {
      await this.appender.append({ stream, expected, events });
    } catch (error) {
      if (!(error instanceof WrongExpectedVersion) || error.actual !== 'noStream' || revision === 0n) throw error;
      throw new InvalidArgument(
        `"${stream}" begins at revision ${revision}: its first events were scavenged from the log that it comes from, and ` +
          'KurrentDB numbers every stream from 0. Import it into Postgres.',
        { cause: error },
      );
    }
  }
}

function continues(last: ImportedEvent, next: ImportedEvent): boolean {
  return last.stream === next.stream && last.revision + 1n === next.revision;
}
