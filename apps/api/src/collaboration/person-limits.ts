import { Inject, Injectable, Logger } from '@nestjs/common';
import { type LimitKind, MAX_TEXT_LENGTH } from '@palimpsest/domain';
import { AuditLog } from '../audit/audit-log.js';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { TokenBucket } from './token-bucket.js';
import { MAX_CLIENTS_OF_PERSON } from './update-inspection.js';

/** Sockets of one person for each document that they may open: the same file in a few tabs, and reconnects that overlap. */
const SOCKETS_PER_DOCUMENT = 4;

/** A larger sync message counts once for each of these bytes that it begins: looking into it takes that much longer. */
const BYTES_PER_MESSAGE = 32 * 1024;

/** Time for which another event about the same person and limit says nothing new, milliseconds. */
const RECORD_EVERY_MS = 60_000;

/** How long a person who opens one document too many is asked to wait: until they have closed one. Seconds. */
const DOCUMENT_WAIT_SECONDS = 10;

/** What one person uses in this process, over all of their sockets. */
interface Usage {
  readonly bucket: TokenBucket;
  /** Sockets for each open file. */
  readonly files: Map<string, number>;
  sockets: number;
}

/** One document more cannot be opened. The message is a sentence for the person. */
export class TooManyDocuments extends Error {
  readonly waitMs = DOCUMENT_WAIT_SECONDS * 1000;
}

/**
 * What one person may use at once, the same for every role. Counted in this process: with several nodes a person could
 * have it on each, which still bounds what each has to bear.
 */
@Injectable()
export class PersonLimits {
  readonly #log = new Logger(PersonLimits.name);
  readonly #usage = new Map<string, Usage>();
  /** When the last event about a person and a limit was recorded, by both. */
  readonly #recorded = new Map<string, number>();
  readonly #messages: number;
  readonly #documents: number;

  constructor(
    @Inject(CONFIGURATION) { messagesPerMinute, openDocuments }: Configuration,
    private readonly audit: AuditLog,
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
    const wait = this.#usageOf(context.actor.id).bucket.take(
      performance.now(),
      1 + Math.floor(bytes / BYTES_PER_MESSAGE),
    );
    if (wait > 0) this.record('messages-a-minute', Math.ceil(wait / 1000), context);
    return wait;
  }

  /** Milliseconds that this person should wait before another message; 0 if none. */
  waitOf(person: string): number {
    return this.#usage.get(person)?.bucket.waitFor(performance.now()) ?? 0;
  }

  /** Records that a limit was reached, at most once a minute for a person and a limit. Never fails: it is only a record. */
  record(limit: LimitKind, waitSeconds: number, context: CommandContext): void {
    const now = performance.now();
    const key = `${context.actor.id} ${limit}`;
    if (now - (this.#recorded.get(key) ?? -Infinity) < RECORD_EVERY_MS) return;
    this.#forgetOldRecords(now);
    this.#recorded.set(key, now);
    const most = {
      'messages-a-minute': this.#messages,
      'open-documents': this.#documents,
      'document-size': MAX_TEXT_LENGTH,
      'client-ids': MAX_CLIENTS_OF_PERSON,
    };
    this.audit
      .record({ type: 'LimitReached', data: { limit, most: most[limit], waitSeconds } }, context)
      .catch((error: unknown) => this.#log.warn(`a reached limit was not recorded: ${String(error)}`));
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
    const usage: Usage = { bucket: new TokenBucket(size, performance.now()), files: new Map(), sockets: 0 };
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
    if (usage.sockets === 0 && usage.bucket.isFull(performance.now())) this.#usage.delete(person);
  }

  #forgetIdle(): void {
    for (const [person, usage] of this.#usage) this.#forgetIfIdle(person, usage);
  }

  #forgetOldRecords(now: number): void {
    for (const [key, at] of this.#recorded) if (now - at >= RECORD_EVERY_MS) this.#recorded.delete(key);
  }
}
