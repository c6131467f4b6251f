import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { LimitKind } from '@palimpsest/domain';
import { AuditLog } from '../audit/audit-log.js';
import type { CommandContext } from '../commands/context.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';

/** One event in this time for a person and a limit, milliseconds. */
const FOLD_MS = 60_000;

/** Refusals since the last event about a person (or an address) and a limit. */
interface Flood {
  readonly limit: LimitKind;
  readonly most: number;
  readonly context: CommandContext;
  refusals: number;
  waitSeconds: number;
  timer: NodeJS.Timeout;
}

/**
 * That a limit was reached, as events: the first at once, and while the refusals go on one a minute, with their number. So a
 * flood cannot fill the log. What was counted and not recorded when a process is killed is lost; the first was not.
 */
@Injectable()
export class LimitRecords implements OnApplicationShutdown {
  readonly #log = new Logger(LimitRecords.name);
  readonly #floods = new Map<string, Flood>();

  constructor(
    private readonly audit: AuditLog,
    private readonly meters: ServiceMeters,
  ) {}

  /** Never fails: it is only a record. `most` is what was allowed. */
  refused(limit: LimitKind, most: number, waitSeconds: number, context: CommandContext): void {
    this.meters.limitsReached.add({ limit });
    const key = `${context.actor.id === 'anonymous' ? context.address : context.actor.id} ${limit}`;
    const flood = this.#floods.get(key);
    if (flood) {
      flood.refusals += 1;
      flood.waitSeconds = waitSeconds;
      return;
    }
    void this.#record({ limit, most, context, refusals: 1, waitSeconds });
    const timer = setTimeout(() => this.#fold(key), FOLD_MS).unref();
    this.#floods.set(key, { limit, most, context, refusals: 0, waitSeconds, timer });
  }

  async onApplicationShutdown(): Promise<void> {
    const open = [...this.#floods.values()];
    this.#floods.clear();
    for (const { timer } of open) clearTimeout(timer);
    await Promise.all(open.filter(({ refusals }) => refusals > 0).map((flood) => this.#record(flood)));
  }

  #fold(key: string): void {
    const flood = this.#floods.get(key);
    if (!flood) return;
    if (flood.refusals === 0) return void this.#floods.delete(key);
    void this.#record(flood);
    flood.refusals = 0;
    flood.timer = setTimeout(() => this.#fold(key), FOLD_MS).unref();
  }

  async #record({ limit, most, context, refusals, waitSeconds }: Omit<Flood, 'timer'>): Promise<void> {
    const data = { limit, most, waitSeconds, ...(refusals > 1 && { refusals }) };
    await this.audit
      .record({ type: 'LimitReached', data }, context)
      .catch((error: unknown) => this.#log.warn(`a reached limit was not recorded: ${String(error)}`));
  }
}
