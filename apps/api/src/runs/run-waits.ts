import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { partsOfStream } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';

/** Requests that are remembered at most: more are waiting only if nothing runs any more. */
const MOST_REMEMBERED = 10_000;

interface Wait {
  readonly askedAt: number;
  isStarted: boolean;
}

/** How long runs that were asked for here wait for their start and their first output, as this process learns of both. */
@Injectable()
export class RunWaits implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(RunWaits.name);
  readonly #waits = new Map<string, Wait>();
  readonly #ending = new AbortController();
  #following: Promise<void> | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly meters: ServiceMeters,
  ) {}

  onModuleInit(): void {
    this.#following = this.#follow().catch((error: unknown) => this.#log.warn(`waits of runs: ${String(error)}`));
  }

  async onApplicationShutdown(): Promise<void> {
    this.#ending.abort();
    await this.#following;
  }

  /** A request has just been recorded. */
  asked(run: string): void {
    if (this.#waits.size < MOST_REMEMBERED) this.#waits.set(run, { askedAt: performance.now(), isStarted: false });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    const filter = { typePrefixes: ['RunStarted', 'OutputEmitted', 'RunFinished'] };
    for await (const item of this.store.subscribe({ after: 'end', filter, signal }))
      if (item.kind === 'event') this.#see(partsOfStream(item.event.stream).id, item.event.type);
  }

  #see(run: string, type: string): void {
    const wait = this.#waits.get(run);
    if (!wait) return;
    const seconds = (performance.now() - wait.askedAt) / 1000;
    if (type === 'RunStarted' && !wait.isStarted) {
      wait.isStarted = true;
      return this.meters.runStarted.observe({}, seconds);
    }
    if (type === 'OutputEmitted') this.meters.runAnswered.observe({}, seconds);
    if (type !== 'RunStarted') this.#waits.delete(run);
  }
}
