import { python } from '@codemirror/lang-python';
import { EditorState, type Extension, type Line, Text } from '@codemirror/state';
import { Decoration, EditorView, lineNumbers, WidgetType } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { codeLook, schemeExtensions } from '../code-look.js';

interface Props {
  readonly text: string;
  readonly path: string;
  /** The line at which something was raised, from 1; null: none in this file. */
  readonly errorLine: number | null;
  readonly exception: string;
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

function marked({ from, to }: Line, exception: string): Extension {
  const note = Decoration.widget({ widget: new ErrorNote(`← ${exception} in this line`), side: 1 });
  const line = Decoration.line({ class: 'error-in-line' });
  return EditorView.decorations.of(Decoration.set([line.range(from), note.range(to)]));
}

/** A text as it was, read-only, with the line of an error marked and in sight. */
export function CodeView({ text, path, errorLine, exception }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const colours = useComputedColorScheme('light');
  useEffect(() => {
    if (!host.current) return;
    const doc = Text.of(text.split('\n'));
    const line = errorLine !== null && errorLine >= 1 && errorLine <= doc.lines ? doc.line(errorLine) : null;
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
          line ? marked(line, exception) : [],
        ],
      }),
    });
    if (line) editor.dispatch({ effects: EditorView.scrollIntoView(line.from, { y: 'center' }) });
    return () => editor.destroy();
  }, [text, path, errorLine, exception, colours]);
  return <div ref={host} className="run-code" data-testid="run-code" />;
}
