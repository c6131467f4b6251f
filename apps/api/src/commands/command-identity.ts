import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { derivedId } from '../platform/derived-id.js';

/**
 * Theory of operation. A command that came with an Idempotency-Key may be carried out again by the same request: its process
 * ended between the append and the answer, or the event store took the events and the acknowledgement was lost. So the ids of
 * what it makes and of its events are not random but follow from the person, the key and the request. The second time they
 * are the same, and the event store, or the command handler that finds them in the stream, knows that it has been done.
 */
class CommandIdentity {
  readonly #calls = new Map<string, number>();

  constructor(readonly seed: string) {}

  /** Names for the things of one kind are given in the order in which they are asked for, which is that of the code. */
  name(purpose: string): string {
    const call = this.#calls.get(purpose) ?? 0;
    this.#calls.set(purpose, call + 1);
    return `command ${this.seed} ${purpose} ${call}`;
  }
}

const current = new AsyncLocalStorage<CommandIdentity>();

/** Calls `work`; what it makes has ids that follow from `seed`. */
export function withIdentity<T>(seed: string, work: () => T): T {
  return current.run(new CommandIdentity(seed), work);
}

/** An id for something that a command makes: random, or the same as the last time when the command is a repetition. */
export function newId(purpose: string): string {
  const identity = current.getStore();
  return identity ? derivedId(identity.name(purpose)) : randomUUID();
}

/** The ids of the events that one append brings, by their place in it. `repeatable`: they may be there already. */
export interface EventIds {
  readonly repeatable: boolean;
  at(index: number): string;
}

export function eventIds(purpose: string): EventIds {
  const identity = current.getStore();
  if (!identity) return { repeatable: false, at: () => randomUUID() };
  const name = identity.name(purpose);
  return { repeatable: true, at: (index) => derivedId(`${name} event ${index}`) };
}
