import * as Y from 'yjs';

/**
 * Updates that a client sends before it has answered the server's step 1. A provider sends what is typed as soon as the
 * connection is open; what was typed offline comes a moment later, with the step 2, and so an update may come before those that
 * it follows. Refusing it would end the connection of somebody who did nothing wrong. The step 2 holds all that the client has,
 * so such an update, and whatever comes between it and the step 2, need not be taken at all.
 *
 * A client that never answers step 1 may still send updates in sequence.
 */
export class EarlyUpdates {
  /** Next clock of each client id after what was taken. */
  readonly #next = new Map<number, number>();
  #isWaiting = false;

  /** Whether to take `update` now. `clockOf` tells the document's next clock of a client id. */
  take(update: Uint8Array, clockOf: (client: number) => number): boolean {
    this.#isWaiting ||= !this.#isInSequence(update, clockOf);
    return !this.#isWaiting;
  }

  /** True for what cannot be read, too: that is for the inspection to refuse. */
  #isInSequence(update: Uint8Array, clockOf: (client: number) => number): boolean {
    try {
      const { from, to } = Y.parseUpdateMeta(update);
      const next = (client: number) => Math.max(this.#next.get(client) ?? 0, clockOf(client));
      if ([...from].some(([client, clock]) => clock > next(client))) return false;
      for (const [client, clock] of to) this.#next.set(client, clock);
      const deletions = [...Y.decodeUpdate(update).ds.clients];
      return deletions.every(([client, ranges]) => ranges.every(({ clock, len }) => clock + len <= next(client)));
    } catch {
      return true;
    }
  }
}
