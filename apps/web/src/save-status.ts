import type { Place } from './outbox/outbox.js';
import { Signal } from './signal.js';

/** Whether what was typed into one file is durable. `edits`: local changes that are not known to be. */
export type SaveState =
  | { readonly kind: 'read-only' }
  /** Connected or connecting for the first time; nothing was typed yet. */
  | { readonly kind: 'opening'; readonly edits: number }
  | { readonly kind: 'saved'; readonly at: number }
  | { readonly kind: 'saving'; readonly edits: number }
  /** The server takes no more changes until this moment (milliseconds since 1970). */
  | { readonly kind: 'waiting'; readonly edits: number; readonly until: number }
  /**
   * They build on text of others that a server set back to an earlier moment does not have yet. Without `edits` they were
   * durable before that.
   */
  | { readonly kind: 'held'; readonly edits: number }
  | { readonly kind: 'offline'; readonly edits: number; readonly place: Place }
  /** The server will not take this file's edits any more; trying again would not help. */
  | { readonly kind: 'ended'; readonly edits: number; readonly message: string };

/** The worse, the higher: one line of text stands for all files that are open. */
const SEVERITY: Record<SaveState['kind'], number> = {
  'read-only': 0,
  saved: 1,
  opening: 2,
  ended: 3,
  saving: 4,
  held: 5,
  waiting: 6,
  offline: 7,
};

export function editsOf(state: SaveState): number {
  return 'edits' in state ? state.edits : 0;
}

function severity(state: SaveState): number {
  // Changes that nobody will take are the worst; a file that is merely gone is less than one that is being saved.
  return state.kind === 'ended' && state.edits > 0 ? 8 : SEVERITY[state.kind];
}

function worse(a: SaveState, b: SaveState): SaveState {
  if (a.kind === 'saved' && b.kind === 'saved') return a.at > b.at ? a : b;
  if (a.kind === 'offline' && b.kind === 'offline') return a.place === 'tab' && a.edits > 0 ? a : b;
  return severity(a) >= severity(b) ? a : b;
}

/** One state for several files: the worst kind, all their edits. */
export function combine(states: readonly SaveState[]): SaveState | null {
  if (states.length === 0) return null;
  const worst = states.reduce(worse);
  const edits = states.reduce((sum, state) => sum + editsOf(state), 0);
  return 'edits' in worst ? { ...worst, edits } : worst;
}

const changes = (count: number) => (count === 1 ? '1 change' : `${count} changes`);

const PLACES: Record<Place, string> = { computer: 'kept on this computer', tab: 'kept in this tab only' };

/** The state in words. `time` renders a moment. */
export function describeSaveState(state: SaveState, time: (ms: number) => string, now = Date.now()): string {
  switch (state.kind) {
    case 'read-only':
      return 'Read-only';
    case 'opening':
      return state.edits > 0 ? `Saving ${changes(state.edits)}` : 'Connecting';
    case 'saved':
      return `Saved · ${time(state.at)}`;
    case 'saving':
      return `Saving ${changes(state.edits)}`;
    case 'offline':
      return state.edits > 0
        ? `Offline: ${changes(state.edits)} ${PLACES[state.place]}`
        : 'Offline: everything typed is saved';
    case 'waiting':
      return `Too many changes at once: sending again in ${Math.max(1, Math.ceil((state.until - now) / 1_000))} s`;
    case 'held':
      return `${state.edits > 0 ? changes(state.edits) : 'Earlier changes'} held until the text of others is back`;
    case 'ended':
      return state.edits > 0 ? `${changes(state.edits)} not saved` : 'Not connected';
  }
}

/** Nothing of a person's work is at stake in this state, and the server would see all of it. */
function isSettled(state: SaveState | null): boolean {
  return state === null || (editsOf(state) === 0 && state.kind !== 'opening');
}

/** The save states of all files that this tab has open, by file id; also of those that were left while they still saved. */
export class SaveStatus {
  readonly state = new Signal<SaveState | null>(null);
  readonly #files = new Map<string, SaveState>();
  /** Files whose unsaved edits would go with this tab. */
  readonly #risky = new Set<string>();

  report(file: string, state: SaveState, place: Place = 'tab'): void {
    this.#files.set(file, state);
    if (editsOf(state) > 0 && place === 'tab') this.#risky.add(file);
    else this.#risky.delete(file);
    this.#update();
  }

  forget(file: string): void {
    this.#files.delete(file);
    this.#risky.delete(file);
    this.#update();
  }

  /** Where the unsaved edits are: on this computer only if all of them are. */
  get place(): Place {
    return this.#risky.size > 0 ? 'tab' : 'computer';
  }

  get edits(): number {
    return this.state.value ? editsOf(this.state.value) : 0;
  }

  /** Resolves to true as soon as nothing is unsaved, to false after `patience` milliseconds. */
  whenSaved(patience: number): Promise<boolean> {
    if (isSettled(this.state.value)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (saved: boolean) => {
        clearTimeout(timer);
        unsubscribe();
        resolve(saved);
      };
      const timer = setTimeout(() => settle(false), patience);
      const unsubscribe = this.state.subscribe(() => {
        if (isSettled(this.state.value)) settle(true);
      });
    });
  }

  #update(): void {
    this.state.set(combine([...this.#files.values()]));
  }
}

/** Of this tab. */
export const saveStatus = new SaveStatus();
