import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { CommandContext } from '../commands/context.js';
import type { Attempt } from '../policies/refusal.js';
import { AuditLog } from './audit-log.js';
import { FoldedRecords } from './folded-records.js';

interface Refusal {
  readonly attempt: Attempt;
  readonly context: CommandContext;
}

/** That somebody was refused, as events: one a minute for a session and what was wanted, after the first one at once. */
@Injectable()
export class RefusalRecords implements OnApplicationShutdown {
  readonly #log = new Logger(RefusalRecords.name);
  readonly #records = new FoldedRecords<Refusal>((refusal, times) => this.#record(refusal, times));

  constructor(private readonly audit: AuditLog) {}

  /** Resolves when it is recorded, or counted. Never fails: what is refused stays refused. `context` says who, and from where. */
  note(attempt: Attempt, context: CommandContext): Promise<void> {
    const { subject, ...place } = attempt.about ?? {};
    const affected = subject === undefined || subject === context.actor.id ? {} : { subject };
    const key = `${context.session ?? context.actor.id} ${attempt.what}`;
    return this.#records.note(key, { attempt, context: { ...context, ...place, ...affected } });
  }

  onApplicationShutdown(): Promise<void> {
    return this.#records.close();
  }

  async #record({ attempt: { what, object }, context }: Refusal, refusals: number): Promise<void> {
    const data = { what, object, ...(refusals > 1 && { refusals }) };
    await this.audit
      .record({ type: 'AccessRefused', data }, context)
      .catch((error: unknown) => this.#log.error(`a refusal was not recorded: ${String(error)}`));
  }
}
