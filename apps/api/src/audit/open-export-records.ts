import { createHash } from 'node:crypto';
import type { ExportStarted } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { CommandHandler } from '../commands/command-handler.js';
import { systemContext } from '../commands/context.js';
import { AuditLog } from './audit-log.js';
import { ExportRecords } from './export-records.js';

/** Pieces of an export, counted and hashed on their way into a file. */
export interface RecordedExport {
  readonly counted: (pieces: AsyncIterable<string | Uint8Array>) => AsyncGenerator<Uint8Array>;
  /** When everything is written. */
  finish(rows: number): Promise<void>;
}

/** Records an export by whoever has the machine, as the system's. Resolves when its beginning is in the log. */
export async function recordExport(
  store: EventStore,
  asked: Omit<ExportStarted['data'], 'export'>,
): Promise<RecordedExport> {
  const records = new ExportRecords(new AuditLog(new CommandHandler(store)));
  const id = await records.begin(asked, systemContext());
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *counted(pieces) {
      for await (const piece of pieces) {
        const buffer = Buffer.from(piece);
        hash.update(buffer);
        bytes += buffer.length;
        yield buffer;
      }
    },
    finish: (rows) => records.finish({ export: id, rows, bytes, sha256: hash.digest('hex') }, systemContext()),
  };
}
