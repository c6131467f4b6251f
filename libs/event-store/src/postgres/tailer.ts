/**
 * Theory of operation
 *
 * One tailer per process reads what is new in the log, once, and hands it to every live subscriber's feed. It is woken by
 * the process' own committer, by NOTIFY (other processes' appends) and every second by a timer. The wake-ups carry nothing
 * but "look": a lost, late or doubled one does no harm, since the tailer always reads on from its own position, through
 * the pool. So a lost NOTIFY, or the time without a listener, costs at most one poll interval.
 *
 *   asleep (no feeds; position unknown) --attach--> tailing from the head of that moment
 *   tailing --wake--> read pages up to the head, hand each to all feeds --> tailing
 *   tailing --last feed detached--> asleep
 *
 * The seam between history and live: a subscriber attaches first and reads history afterwards. Everything up to the
 * tailer's position at the time of attaching was committed, so that history holds it; everything behind it goes into the
 * feed. What is in both is recognised by its position, because positions follow commits without gaps.
 *
 * The listener is a connection of its own: opened with the first subscriber, opened again when lost (LISTEN first, then
 * look, so that nothing falls between), closed with the store.
 */
import type pg from 'pg';
import { pause } from '../abort.js';
import { backoff } from './connection-trouble.js';
import { DedicatedConnection } from './dedicated-connection.js';
import type { Feed } from './feed.js';
import type { LogReader } from './log-reader.js';

export class Tailer {
  private readonly feeds = new Set<Feed>();
  private readonly listener: DedicatedConnection;
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** Everything up to here was handed out. Undefined while asleep. */
  private position: bigint | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private listening: Promise<void> | undefined;

  constructor(
    config: pg.ClientConfig,
    private readonly log: LogReader,
    private readonly pollIntervalMs: number,
  ) {
    this.listener = new DedicatedConnection(
      config,
      (client) => this.listen(client),
      () => this.relisten(),
    );
  }

  /** From the return on, the feed gets every event that was not committed when `attach` was called. */
  async attach(feed: Feed): Promise<void> {
    this.start();
    if (this.position === undefined) {
      const head = await this.log.head(this.closing.signal);
      // Somebody else may have woken the tailer meanwhile; its position must not go back, nor jump ahead of a feed.
      this.position ??= head;
    }
    this.feeds.add(feed);
    this.look();
  }

  detach(feed: Feed): void {
    this.feeds.delete(feed);
    if (this.feeds.size === 0) this.position = undefined;
  }

  /** There may be something new. */
  look(): void {
    if (this.position === undefined || this.closing.signal.aborted) return;
    this.lookAgain = true;
    this.looking ??= this.readOn();
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.timer);
    await Promise.allSettled([this.looking, this.listening]);
    await this.listener.close();
  }

  private start(): void {
    if (this.timer !== undefined || this.closing.signal.aborted) return;
    this.timer = setInterval(() => this.poll(), this.pollIntervalMs);
    this.relisten();
  }

  private poll(): void {
    this.look();
    if (!this.listener.isOpen) this.relisten(); // lost in the very moment of its opening, when `relisten` was still busy
  }

  private async readOn(): Promise<void> {
    try {
      while (this.lookAgain) {
        this.lookAgain = false;
        await this.readPages();
      }
    } catch {
      // The database is away, longer than the pool tries: the timer makes the next attempt. Nothing was skipped.
    } finally {
      // In the same turn as the last test of lookAgain: a wake-up between the two would be lost.
      this.looking = undefined;
    }
  }

  private async readPages(): Promise<void> {
    let from = this.position;
    if (from === undefined) return;
    for await (const page of this.log.history(from, undefined, this.closing.signal)) {
      // Asleep since, or asleep and woken at another head: this page belongs to nobody any more.
      if (this.position !== from) return;
      for (const feed of this.feeds) feed.offer(page.events);
      from = this.position = page.through;
    }
  }

  private async listen(client: pg.Client): Promise<void> {
    client.on('notification', () => this.look());
    await client.query('listen es_event');
  }

  private relisten(): void {
    if (this.closing.signal.aborted) return;
    this.listening ??= this.openListener().finally(() => (this.listening = undefined));
  }

  private async openListener(): Promise<void> {
    for (let attempt = 0; !this.closing.signal.aborted; attempt++) {
      try {
        await this.listener.open();
        return this.look();
      } catch {
        await pause(backoff(attempt), this.closing.signal).catch(() => undefined);
      }
    }
  }
}
