import { Signal } from './signal.js';

/** Whether what was typed into one file is durable. `edits`: local changes that are not known to be. */
export type SaveState =
  | { readonly kind: 'read-only' }
  /** Connected or connecting for the first time; nothing was typed yet. */
  | { readonly kind: 'opening'; readonly edits: number }
  | { readonly kind: 'saved'; readonly at: number }
  | { readonly kind: 'saving'; readonly edits: number }
  | { readonly kind: 'offline'; readonly edits: number }
  /** The server will not take this file's edits any more; trying again would not help. */
  | { readonly kind: 'ended'; readonly edits: number; readonly message: string };

/** The worse, the higher: one line of text stands for all files that are open. */
const SEVERITY: Record<SaveState['kind'], number> = {
  'read-only': 0,
  saved: 1,
  opening: 2,
  ended: 3,
  saving: 4,
  offline: 5,
};

export function editsOf(state: SaveState): number {
  return 'edits' in state ? state.edits : 0;
}

function severity(state: SaveState): number {
  // Changes that nobody will take are the worst; a file that is merely gone is less than one that is being saved.
  return state.kind === 'ended' && state.edits > 0 ? 6 : SEVERITY[state.kind];
}

function worse(a: SaveState, b: SaveState): SaveState {
  if (a.kind === 'saved' && b.kind === 'saved') return a.at > b.at ? a : b;
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

/** The state in words. `time` renders a moment. */
export function describeSaveState(state: SaveState, time: (ms: number) => string): string {
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
      return state.edits > 0 ? `Offline: ${changes(state.edits)} not saved yet` : 'Offline: everything typed is saved';
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

  report(file: string, state: SaveState): void {
    this.#files.set(file, state);
    this.#update();
  }

  forget(file: string): void {
    this.#files.delete(file);
    this.#update();
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
