import { Injectable } from '@nestjs/common';
import type { ExportFinished, ExportStarted } from '@palimpsest/domain';
import { randomUUID } from 'node:crypto';
import type { CommandContext } from '../commands/context.js';
import { AuditLog } from './audit-log.js';

/** What leaves the classroom is recorded: begun before the first byte, done after the last. */
@Injectable()
export class ExportRecords {
  constructor(private readonly log: AuditLog) {}

  /** Resolves with the export's id when its beginning is recorded; nothing may leave before. */
  async begin(asked: Omit<ExportStarted['data'], 'export'>, context: CommandContext): Promise<string> {
    const id = randomUUID();
    await this.log.record({ type: 'ExportStarted', data: { export: id, ...asked } }, context);
    return id;
  }

  async finish(done: ExportFinished['data'], context: CommandContext): Promise<void> {
    await this.log.record({ type: 'ExportFinished', data: done }, context);
  }
}
