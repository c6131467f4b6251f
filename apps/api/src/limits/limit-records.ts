import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { LimitKind } from '@palimpsest/domain';
import { AuditLog } from '../audit/audit-log.js';
import { FoldedRecords } from '../audit/folded-records.js';
import type { CommandContext } from '../commands/context.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';

interface Refusal {
  readonly limit: LimitKind;
  readonly most: number;
  readonly waitSeconds: number;
  readonly context: CommandContext;
}

/** That a limit was reached, as events: one a minute for a person (or an address) and a limit, after the first one at once. */
@Injectable()
export class LimitRecords implements OnApplicationShutdown {
  readonly #log = new Logger(LimitRecords.name);
  readonly #records = new FoldedRecords<Refusal>((refusal, times) => this.#record(refusal, times));

  constructor(
    private readonly audit: AuditLog,
    private readonly meters: ServiceMeters,
  ) {}

  /** Never fails: it is only a record. `most` is what was allowed. */
  refused(limit: LimitKind, most: number, waitSeconds: number, context: CommandContext): void {
    const who = context.actor.id === 'anonymous' ? context.address : context.actor.id;
    this.meters.limitsReached.add({ limit });
    void this.#records.note(`${who} ${limit}`, { limit, most, waitSeconds, context });
  }

  onApplicationShutdown(): Promise<void> {
    return this.#records.close();
  }

  async #record({ limit, most, waitSeconds, context }: Refusal, refusals: number): Promise<void> {
    const data = { limit, most, waitSeconds, ...(refusals > 1 && { refusals }) };
    await this.audit
      .record({ type: 'LimitReached', data }, context)
      .catch((error: unknown) => this.#log.warn(`a reached limit was not recorded: ${String(error)}`));
  }
}
