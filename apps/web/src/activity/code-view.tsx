import { python } from '@codemirror/lang-python';
import { EditorState, type Extension, Text } from '@codemirror/state';
import { Decoration, EditorView, lineNumbers, WidgetType } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { codeLook, schemeExtensions } from '../code-look.js';

interface Props {
  readonly text: string;
  readonly path: string;
  /** The line at which something was raised, from 1, and what; null: none in this file. */
  readonly error: { readonly line: number; readonly exception: string } | null;
}

/** Says beside the line what was raised there: colour alone says nothing to some. */
class ErrorNote extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: ErrorNote): boolean {
    return other.text === this.text;
  }

  toDOM(): HTMLElement {
    const note = document.createElement('span');
    note.className = 'error-note';
    note.textContent = this.text;
    return note;
  }
}

function marked(doc: Text, error: Props['error']): Extension {
  if (error === null || error.line < 1 || error.line > doc.lines) return [];
  const { from, to } = doc.line(error.line);
  const note = Decoration.widget({ widget: new ErrorNote(`← ${error.exception} in this line`), side: 1 });
  const line = Decoration.line({ class: 'error-in-line' });
  return EditorView.decorations.of(Decoration.set([line.range(from), note.range(to)]));
}

/** A text as it was, read-only, with the line of an error marked and in sight. */
export function CodeView({ text, path, error }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const colours = useComputedColorScheme('light');
  useEffect(() => {
    if (!host.current) return;
    const doc = Text.of(text.split('\n'));
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc,
        extensions: [
          lineNumbers(),
          path.endsWith('.py') ? python() : [],
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ 'aria-label': `${path} as it ran, read-only`, tabindex: '0' }),
          codeLook,
          schemeExtensions(colours),
          marked(doc, error),
        ],
      }),
    });
    if (error !== null && error.line <= doc.lines)
      editor.dispatch({ effects: EditorView.scrollIntoView(doc.line(error.line).from, { y: 'center' }) });
    return () => editor.destroy();
  }, [text, path, error, colours]);
  return <div ref={host} className="run-code" data-testid="run-code" />;
}
