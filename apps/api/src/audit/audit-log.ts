import { Injectable } from '@nestjs/common';
import { type AuditEvent, streamOf } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';

/** Records reads worth recording, in the stream of the month. */
@Injectable()
export class AuditLog {
  constructor(private readonly commands: CommandHandler) {}

  record(event: AuditEvent, context: CommandContext): Promise<Position> {
    const now = new Date();
    const stream = streamOf.audit({ year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 });
    return this.commands.record(stream, [event], context);
  }
}
