import { python } from '@codemirror/lang-python';
import { Compartment, EditorState, type Range, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, lineNumbers, WidgetType } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { codeLook, schemeExtensions } from '../code-look.js';
import { smallestChange } from './smallest-change.js';
import type { Change, ChangedRange } from './timeline.js';

interface Props {
  readonly text: Text;
  readonly change: Change;
  /** Colour of who made the change. */
  readonly colour: string;
  readonly path: string;
}

interface Mark {
  readonly ranges: readonly ChangedRange[];
  readonly colour: string;
}

const scheme = new Compartment();
const setMark = StateEffect.define<Mark>();

/** Where something was taken out and nothing put in: there is no text to colour, so a bar stands there. */
class RemovalMark extends WidgetType {
  constructor(readonly colour: string) {
    super();
  }

  override eq(other: RemovalMark): boolean {
    return other.colour === this.colour;
  }

  toDOM(): HTMLElement {
    const bar = document.createElement('span');
    bar.className = 'replay-removal';
    bar.style.borderColor = this.colour;
    return bar;
  }
}

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    const effect = transaction.effects.find((one) => one.is(setMark));
    return effect ? decorate(effect.value, transaction.newDoc.length) : decorations.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate({ ranges, colour }: Mark, length: number): DecorationSet {
  const decorations = ranges.flatMap(({ from, to }): Range<Decoration>[] => {
    if (to > length) return [];
    if (from === to) return [Decoration.widget({ widget: new RemovalMark(colour), side: 1 }).range(from)];
    const style = `background-color: ${colour}40; border-bottom: 2px solid ${colour}`;
    return [Decoration.mark({ attributes: { style }, class: 'replay-change' }).range(from, to)];
  });
  return Decoration.set(decorations, true);
}

/** The text at a moment, read-only, with what the current edit changed. */
export function ReplayText({ text, change, colour, path }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const colours = useComputedColorScheme('light');

  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          path.endsWith('.py') ? python() : [],
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ 'aria-label': `${path} as it was, read-only`, tabindex: '0' }),
          scheme.of([]),
          marks,
          codeLook,
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [path]);

  useEffect(() => {
    view.current?.dispatch({ effects: scheme.reconfigure(schemeExtensions(colours)) });
  }, [colours, path]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    // Only what differs is replaced, so that the rest keeps its highlighting and its place on the screen.
    const changes = smallestChange(editor.state.doc.toString(), text.toString());
    const seen = change.ranges[0];
    const effects: StateEffect<unknown>[] = [setMark.of({ ranges: change.ranges, colour })];
    // "nearest" moves the view only when the edit is outside of it.
    if (seen && seen.from <= text.length) {
      effects.push(EditorView.scrollIntoView(seen.from, { y: 'nearest', yMargin: 40 }));
    }
    editor.dispatch({ ...(changes && { changes }), effects });
  }, [text, change, colour, path]);

  return <div ref={host} className="replay-text" data-testid="replay-text" />;
}
