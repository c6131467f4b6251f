import { Injectable } from '@nestjs/common';
import type { HealthDto } from '@palimpsest/protocol';

export interface SandboxLevel {
  readonly level: HealthDto['sandbox'];
  readonly reason: string;
}

const LEVELS: readonly string[] = ['full', 'no-cgroup', 'none'];

/** What the executor's self-test found; the supervisor passes it on. Unknown on an api that was started by itself. */
@Injectable()
export class SandboxReport {
  #current: SandboxLevel = { level: 'unknown', reason: 'No executor has reported yet.' };

  constructor() {
    process.on('message', (message) => this.#receive(message));
  }

  get current(): SandboxLevel {
    return this.#current;
  }

  #receive(message: unknown): void {
    const { type, level, reason } = (message ?? {}) as Record<string, unknown>;
    if (type !== 'sandbox' || typeof level !== 'string' || !LEVELS.includes(level)) return;
    this.#current = {
      level: level as SandboxLevel['level'],
      reason: typeof reason === 'string' ? reason : 'Every limit holds.',
    };
  }
}
