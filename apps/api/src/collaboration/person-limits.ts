import { Inject, Injectable } from '@nestjs/common';
import { type LimitKind, MAX_TEXT_LENGTH } from '@palimpsest/domain';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { LimitRecords } from '../limits/limit-records.js';
import { messageBlock, RateLimits } from '../limits/rate-limits.js';
import { TokenBucket } from './token-bucket.js';
import { MAX_CLIENTS_OF_PERSON } from './update-inspection.js';

/** Sockets of one person for each document that they may open: the same file in a few tabs, and reconnects that overlap. */
const SOCKETS_PER_DOCUMENT = 4;

/** A larger sync message counts once for each of these bytes that it begins: looking into it takes that much longer. */
const BYTES_PER_MESSAGE = 32 * 1024;

/** How long a person who opens one document too many is asked to wait: until they have closed one. Seconds. */
const DOCUMENT_WAIT_SECONDS = 10;

/** The limits that this is about. */
type PersonLimit = Extract<LimitKind, 'messages-a-minute' | 'open-documents' | 'document-size' | 'client-ids'>;

/** What one person uses in this process, over all of their sockets. */
interface Usage {
  readonly bucket: TokenBucket;
  /** Messages that passed here and have not been told to the other nodes. */
  untold: number;
  /** Until when nothing passes, since a person's messages over all nodes are too many; of `performance.now()`. */
  shutUntil: number;
  /** Sockets for each open file. */
  readonly files: Map<string, number>;
  sockets: number;
}

/** One document more cannot be opened. The message is a sentence for the person. */
export class TooManyDocuments extends Error {
  readonly waitMs = DOCUMENT_WAIT_SECONDS * 1000;
}

/**
 * What one person may use at once, the same for every role. Documents are counted in this process: with several nodes a
 * person could have them on each, which still bounds what each has to bear.
 *
 * Messages are counted twice. A bucket in this process decides at once, since nobody may wait for a database at each key; it
 * lets `capacity + perMinute` pass in any minute. What has passed is told to all nodes in blocks, and no more than the same
 * number may pass over all of them: the node that learns that it was more lets nothing pass until that minute is over. So
 * one node alone is never shut by it, and several let at most a block each pass on top.
 */
@Injectable()
export class PersonLimits {
  readonly #usage = new Map<string, Usage>();
  readonly #messages: number;
  readonly #documents: number;

  constructor(
    @Inject(CONFIGURATION) { messagesPerMinute, openDocuments }: Configuration,
    private readonly records: LimitRecords,
    private readonly shared: RateLimits,
  ) {
    this.#messages = messagesPerMinute;
    this.#documents = openDocuments;
  }

  /** Most sync messages a minute. */
  get messagesPerMinute(): number {
    return this.#messages;
  }

  /** Counts one more socket on `file`. Throws TooManyDocuments. Call the returned function once when the socket is closed. */
  open(file: string, context: CommandContext): () => void {
    const person = context.actor.id;
    const usage = this.#usageOf(person);
    const sockets = usage.files.get(file) ?? 0;
    if (sockets === 0 && usage.files.size >= this.#documents)
      throw this.#tooMany(`You have ${this.#documents} files open, which is the most: close one first.`, context);
    if (usage.sockets >= this.#documents * SOCKETS_PER_DOCUMENT)
      throw this.#tooMany('Your files are open in too many windows: close some first.', context);
    usage.files.set(file, sockets + 1);
    usage.sockets += 1;
    return () => this.#close(person, usage, file);
  }

  /** Counts a sync message of `bytes`. Returns 0 when it may pass, else the milliseconds to wait (then it was not counted). */
  takeMessage(bytes: number, context: CommandContext): number {
    const now = performance.now();
    const usage = this.#usageOf(context.actor.id);
    const cost = 1 + Math.floor(bytes / BYTES_PER_MESSAGE);
    const wait = usage.shutUntil > now ? Math.ceil(usage.shutUntil - now) : usage.bucket.take(now, cost);
    if (wait > 0) this.record('messages-a-minute', Math.ceil(wait / 1000), context);
    else this.#tell(usage, cost, context);
    return wait;
  }

  /** Milliseconds that this person should wait before another message; 0 if none. */
  waitOf(person: string): number {
    const usage = this.#usage.get(person);
    if (!usage) return 0;
    const now = performance.now();
    return Math.max(usage.bucket.waitFor(now), Math.ceil(usage.shutUntil - now), 0);
  }

  /** Tells the other nodes what has passed here, a block at a time. Nobody waits for it. */
  #tell(usage: Usage, cost: number, { actor }: CommandContext): void {
    usage.untold += cost;
    if (usage.untold < messageBlock(this.#messages)) return;
    const told = usage.untold;
    usage.untold = 0;
    void this.shared.take('messages-a-minute', actor, told).then(({ allowed, resetMs }) => {
      if (!allowed) usage.shutUntil = performance.now() + resetMs;
    });
  }

  /** Records that a limit was reached. Never fails: it is only a record. */
  record(limit: PersonLimit, waitSeconds: number, context: CommandContext): void {
    const most = {
      'messages-a-minute': this.#messages,
      'open-documents': this.#documents,
      'document-size': MAX_TEXT_LENGTH,
      'client-ids': MAX_CLIENTS_OF_PERSON,
    };
    this.records.refused(limit, most[limit], waitSeconds, context);
  }

  #tooMany(sentence: string, context: CommandContext): TooManyDocuments {
    this.record('open-documents', DOCUMENT_WAIT_SECONDS, context);
    return new TooManyDocuments(sentence);
  }

  #usageOf(person: string): Usage {
    const known = this.#usage.get(person);
    if (known) return known;
    const capacity = this.#messages;
    const size = { capacity, perMinute: capacity, reopensAt: Math.ceil(capacity / 12) };
    const bucket = new TokenBucket(size, performance.now());
    const usage: Usage = { bucket, untold: 0, shutUntil: 0, files: new Map(), sockets: 0 };
    this.#forgetIdle();
    this.#usage.set(person, usage);
    return usage;
  }

  #close(person: string, usage: Usage, file: string): void {
    const sockets = (usage.files.get(file) ?? 1) - 1;
    if (sockets === 0) usage.files.delete(file);
    else usage.files.set(file, sockets);
    usage.sockets -= 1;
    this.#forgetIfIdle(person, usage);
  }

  /** A bucket outlives the sockets until it is full again: closing and opening must not empty the count. */
  #forgetIfIdle(person: string, usage: Usage): void {
    const now = performance.now();
    if (usage.sockets === 0 && usage.bucket.isFull(now) && usage.shutUntil <= now) this.#usage.delete(person);
  }

  #forgetIdle(): void {
    for (const [person, usage] of this.#usage) this.#forgetIfIdle(person, usage);
  }
}
