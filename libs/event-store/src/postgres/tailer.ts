/**
 * Theory of operation
 *
 * One tailer per process hands what is new in the log, once, to every live subscriber's feed. What this process appended
 * comes from its committer and is not read again, if it follows the tailer's position without a gap. For everything else the
 * tailer reads on from its own position, through the pool. It is woken to do so by NOTIFY (appends of other processes) and
 * every second by a timer. A lost, late or doubled wake-up does no harm: a lost NOTIFY, or the time without a listener,
 * costs at most one poll interval.
 *
 *   asleep (no feeds; position unknown) --attach--> tailing from the head of that moment
 *   tailing --committed, next position--> hand it out --> tailing
 *   tailing --committed, with a gap | wake--> read pages up to the head, hand each out --> tailing
 *   tailing --last feed detached--> asleep
 *
 * NOTIFY comes for own appends as well, and may come before the answer to the committer. It names the log's head, so what
 * is known already needs no look; and while the committer waits for an answer, a look waits for it, too.
 *
 * A page may arrive after the committer has handed out part of what is in it: only the rest is handed out then.
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
import type { RecordedEvent } from '../event-store.js';
import type { CommitWatcher } from './committer.js';
import { backoff } from './connection-trouble.js';
import { DedicatedConnection } from './dedicated-connection.js';
import type { Feed } from './feed.js';
import type { LogPage, LogReader } from './log-reader.js';

export class Tailer implements CommitWatcher {
  /** Of the whole log, and by stream. */
  private readonly logFeeds = new Set<Feed>();
  private readonly streamFeeds = new Map<string, Set<Feed>>();
  private readonly listener: DedicatedConnection;
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** Everything up to here was handed out. Undefined while asleep. */
  private position: bigint | undefined;
  /** Counts how often it fell asleep: what was read for an earlier time belongs to nobody any more. */
  private sleeps = 0;
  /** The log's head as NOTIFY said last. */
  private heard = 0n;
  private isCommitting = false;
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
    this.feedsBeside(feed).add(feed);
    this.look();
  }

  detach(feed: Feed): void {
    feed.end();
    const beside = this.feedsBeside(feed);
    beside.delete(feed);
    if (feed.stream !== undefined && beside.size === 0) this.streamFeeds.delete(feed.stream);
    if (this.logFeeds.size > 0 || this.streamFeeds.size > 0) return;
    this.position = undefined;
    this.sleeps++;
  }

  committing(): void {
    this.isCommitting = true;
  }

  committed(recorded: (() => readonly RecordedEvent[]) | undefined): void {
    this.isCommitting = false;
    if (this.position === undefined) return;
    if (!recorded || !this.take(recorded())) this.look();
    else this.lookIfBehind();
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

  /** Hands out what this process appended. False if it does not follow what was handed out before. */
  private take(events: readonly RecordedEvent[]): boolean {
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) return true;
    const through = BigInt(last.position);
    if (this.position !== undefined && through <= this.position) return true;
    if (BigInt(first.position) - 1n !== this.position) return false;
    this.handOut(events, through);
    return true;
  }

  private handOut(events: readonly RecordedEvent[], through: bigint): void {
    this.position = through;
    for (const feed of this.logFeeds) feed.offer(events);
    if (this.streamFeeds.size === 0) return;
    for (const event of events) for (const feed of this.streamFeeds.get(event.stream) ?? []) feed.offer([event]);
  }

  /** The feeds among which this one is, or will be. */
  private feedsBeside({ stream }: Feed): Set<Feed> {
    if (stream === undefined) return this.logFeeds;
    const feeds = this.streamFeeds.get(stream) ?? new Set();
    this.streamFeeds.set(stream, feeds);
    return feeds;
  }

  private lookIfBehind(): void {
    if (this.position !== undefined && this.heard > this.position) this.look();
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
    if (this.position === undefined) return;
    const { sleeps } = this;
    const next = await this.log.shortly(this.position, this.closing.signal);
    if (this.sleeps !== sleeps) return;
    this.handOutPage(next);
    if (!next.more) return;
    for await (const page of this.log.history(this.position, undefined, this.closing.signal)) {
      if (this.sleeps !== sleeps) return;
      this.handOutPage(page);
    }
  }

  /** What of it the committer has not handed out meanwhile. */
  private handOutPage({ events, through }: LogPage): void {
    const { position } = this;
    if (position === undefined || through <= position) return;
    this.handOut(
      events.filter((event) => BigInt(event.position) > position),
      through,
    );
  }

  private async listen(client: pg.Client): Promise<void> {
    client.on('notification', ({ payload }) => this.hear(payload));
    await client.query('listen es_event');
  }

  private hear(head: string | undefined): void {
    if (head !== undefined && /^\d+$/.test(head) && BigInt(head) > this.heard) this.heard = BigInt(head);
    if (!this.isCommitting) this.lookIfBehind();
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
