import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import type { AwarenessBus } from './awareness-bus.js';
import { decodeMessage, encodeAsk, encodeShared, type SharedState } from './awareness-message.js';
import { Coalescer } from './coalescer.js';
import { PostgresAwarenessBus } from './postgres-awareness-bus.js';
import { RedisAwarenessBus } from './redis-awareness-bus.js';

/** A room's side of the exchange. */
export interface AwarenessReceiver {
  /** States that people connected to `node` have in this file. */
  receiveShared(node: string, states: readonly SharedState[]): void;
  /** Another node wants to know the states that this one has: publish them. */
  announce(): void;
}

/** How a file's room talks to the rooms of the same file on other nodes. */
export interface AwarenessChannel {
  open(receiver: AwarenessReceiver): void;
  close(receiver: AwarenessReceiver): void;
  publish(states: readonly SharedState[]): void;
  /** Asks the other nodes to announce what they have. */
  ask(): void;
}

/** Messages that wait for the bus; more are dropped, the oldest first: they are the most out of date. */
const MAX_WAITING = 1_000;
/** The bus gets one batch in this time at most, whatever the number of rooms: in Postgres each is a commit. Milliseconds. */
const BATCH_MS = 30;

/**
 * Awareness between nodes: over Redis when there is one, else over Postgres. Ephemeral throughout: what is lost is
 * announced again within seconds, and nothing of it touches the path of an edit.
 */
@Injectable()
export class AwarenessExchange implements OnModuleInit, OnApplicationShutdown {
  /** Tells this process from the others on the bus; new at every start. */
  readonly node = randomUUID();
  readonly #bus: AwarenessBus;
  readonly #receivers = new Map<string, Set<AwarenessReceiver>>();
  readonly #batches = new Coalescer(BATCH_MS, () => void this.#send());
  #waiting: string[] = [];
  #sending = false;

  constructor(@Inject(CONFIGURATION) { redisUrl, databaseUrl }: Configuration) {
    this.#bus = redisUrl === undefined ? new PostgresAwarenessBus(databaseUrl) : new RedisAwarenessBus(redisUrl);
  }

  onModuleInit(): void {
    this.#bus.start({ message: (text) => this.#receive(text), connected: () => this.#refresh() });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#send();
    await this.#bus.stop();
  }

  channelOf(file: string): AwarenessChannel {
    return {
      open: (receiver) => this.#open(file, receiver),
      close: (receiver) => this.#close(file, receiver),
      publish: (states) => this.#publish(encodeShared(this.node, file, states)),
      ask: () => this.#publish([encodeAsk(this.node, file)]),
    };
  }

  #open(file: string, receiver: AwarenessReceiver): void {
    const there = this.#receivers.get(file);
    if (there) there.add(receiver);
    else this.#receivers.set(file, new Set([receiver]));
  }

  #close(file: string, receiver: AwarenessReceiver): void {
    const there = this.#receivers.get(file);
    there?.delete(receiver);
    if (there?.size === 0) this.#receivers.delete(file);
  }

  #receive(text: string): void {
    const message = decodeMessage(text);
    if (!message || message.node === this.node) return;
    for (const receiver of this.#receivers.get(message.file) ?? [])
      if (message.kind === 'ask') receiver.announce();
      else receiver.receiveShared(message.node, message.states);
  }

  /** The bus is there (again): what was said meanwhile was lost, in both directions. */
  #refresh(): void {
    for (const [file, receivers] of this.#receivers) {
      for (const receiver of receivers) receiver.announce();
      this.#publish([encodeAsk(this.node, file)]);
    }
  }

  #publish(texts: readonly string[]): void {
    this.#waiting.push(...texts);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.splice(0, this.#waiting.length - MAX_WAITING);
    this.#batches.mark();
  }

  /** One batch at a time: while a slow bus has one, the next grows. */
  async #send(): Promise<void> {
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = true;
    const texts = this.#waiting;
    this.#waiting = [];
    await this.#bus.publish(texts).catch(() => undefined);
    this.#sending = false;
    if (this.#waiting.length > 0) this.#batches.mark();
  }
}
