import { python } from '@codemirror/lang-python';
import { Compartment, EditorState, type Range, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, hoverTooltip, lineNumbers, WidgetType } from '@codemirror/view';
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
  /** Who wrote what of the text, to be coloured; none: only the change is. */
  readonly written: readonly WrittenRange[];
  /** What to say of the character at this place. */
  readonly describe: (at: number) => string | undefined;
}

/** A piece of the text that one person wrote in one way. */
export interface WrittenRange {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly wasTyped: boolean;
}

interface Mark {
  readonly written: readonly WrittenRange[];
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

function decorate({ ranges, colour, written }: Mark, length: number): DecorationSet {
  const authors = written.flatMap(({ from, to, colour: own, wasTyped }): Range<Decoration>[] => {
    if (to > length) return [];
    // Not by colour alone: what was not typed has a dotted line, and the words are where the pointer is.
    const line = wasTyped ? `2px solid ${own}90` : `2px dotted ${own}`;
    return [Decoration.mark({ attributes: { style: `border-bottom: ${line}; background: ${own}1c` } }).range(from, to)];
  });
  const decorations = ranges.flatMap(({ from, to }): Range<Decoration>[] => {
    if (to > length) return [];
    if (from === to) return [Decoration.widget({ widget: new RemovalMark(colour), side: 1 }).range(from)];
    const style = `background-color: ${colour}40; border-bottom: 2px solid ${colour}`;
    return [Decoration.mark({ attributes: { style }, class: 'replay-change' }).range(from, to)];
  });
  return Decoration.set([...authors, ...decorations], true);
}

function tooltipAt(pos: number, words: string | undefined) {
  if (words === undefined) return null;
  const create = () => {
    const dom = document.createElement('div');
    dom.className = 'replay-tooltip';
    dom.textContent = words;
    return { dom };
  };
  return { pos, create };
}

/** The text at a moment, read-only, with what the current edit changed. */
export function ReplayText({ text, change, colour, path, written, describe }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const colours = useComputedColorScheme('light');
  const described = useRef(describe);
  useEffect(() => {
    described.current = describe;
  });

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
          hoverTooltip((_, pos) => tooltipAt(pos, described.current(pos))),
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
    const effects: StateEffect<unknown>[] = [setMark.of({ ranges: change.ranges, colour, written })];
    // "nearest" moves the view only when the edit is outside of it.
    if (seen && seen.from <= text.length) {
      effects.push(EditorView.scrollIntoView(seen.from, { y: 'nearest', yMargin: 40 }));
    }
    editor.dispatch({ ...(changes && { changes }), effects });
  }, [text, change, colour, path, written]);

  return <div ref={host} className="replay-text" data-testid="replay-text" />;
}
