import type { Extension } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { ySyncAnnotation } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

interface Changed {
  readonly added: readonly number[];
  readonly updated: readonly number[];
}

interface RemoteState {
  readonly user?: { readonly name?: string };
  readonly cursor?: { readonly head?: unknown } | null;
}

/**
 * Shows the name at somebody's cursor anew whenever it moves. The style sheet lets a name fade; the cursors of
 * y-codemirror.next keep their elements while they move, and so the fading would happen once and never again.
 *
 * A cursor moves in two ways: its state changes, or its person types. Then the state stays the same, since it says "before the
 * character that follows"; that change ends where the cursor is.
 */
class NameFlags {
  readonly #view: EditorView;
  readonly #awareness: Awareness;
  readonly #names = new Set<string>();
  #frame = 0;

  constructor(view: EditorView, awareness: Awareness) {
    this.#view = view;
    this.#awareness = awareness;
    awareness.on('change', this.#onChange);
  }

  update(update: ViewUpdate): void {
    if (!update.transactions.some((transaction) => transaction.annotation(ySyncAnnotation))) return;
    const ends = new Set<number>();
    update.changes.iterChangedRanges((_fromA, _toA, _fromB, toB) => ends.add(toB));
    for (const state of this.#awareness.getStates().values()) {
      const head = this.#positionOf(state);
      if (head !== null && ends.has(head)) this.#show(state);
    }
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#awareness.off('change', this.#onChange);
  }

  readonly #onChange = ({ added, updated }: Changed): void => {
    for (const client of [...added, ...updated]) this.#show(this.#awareness.getStates().get(client));
  };

  #positionOf(state: RemoteState): number | null {
    if (!state.cursor?.head) return null;
    const head = Y.createRelativePositionFromJSON(state.cursor.head);
    return Y.createAbsolutePositionFromRelativePosition(head, this.#awareness.doc)?.index ?? null;
  }

  /** In the next frame: the view draws the cursor where it is now first. */
  #show(state: RemoteState | undefined): void {
    if (state?.user?.name === undefined) return;
    this.#names.add(state.user.name);
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#play());
  }

  #play(): void {
    for (const flag of this.#view.dom.querySelectorAll('.cm-ySelectionInfo')) {
      if (!this.#names.has(flag.textContent)) continue;
      for (const animation of flag.getAnimations()) {
        animation.currentTime = 0;
        animation.play();
      }
    }
    this.#names.clear();
  }
}

export function nameFlags(awareness: Awareness): Extension {
  return ViewPlugin.define((view) => new NameFlags(view, awareness));
}
