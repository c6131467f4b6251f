import { Injectable } from '@nestjs/common';
import type { CommandContext } from '../commands/context.js';
import { AuditLog } from './audit-log.js';

/** For so long a session that turns the pages of a query asks the same question, milliseconds. */
const SAME_MS = 1_800_000;

/** Questions that are remembered at most; those of more are recorded again. */
const MAX_REMEMBERED = 10_000;

/**
 * That somebody has asked the audit log something. Each asking for the first page is an event; the further pages and the
 * counts of a question that this process has just recorded are none, and without such a question they are one.
 */
@Injectable()
export class QueryRecords {
  readonly #asked = new Map<string, number>();

  constructor(private readonly log: AuditLog) {}

  /** Resolves when it is recorded; nothing may be shown before. `isMore`: what belongs to a question asked before. */
  async note(q: string, rows: number, isMore: boolean, context: CommandContext): Promise<void> {
    const key = `${context.session ?? context.actor.id} ${q}`;
    if (isMore && (this.#asked.get(key) ?? 0) > Date.now()) return;
    await this.log.record({ type: 'LogQueried', data: { query: { q }, rows } }, context);
    if (this.#asked.size >= MAX_REMEMBERED) this.#asked.clear();
    this.#asked.set(key, Date.now() + SAME_MS);
  }
}
