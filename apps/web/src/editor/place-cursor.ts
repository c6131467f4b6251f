import { EditorView } from '@codemirror/view';

/** Puts the cursor on a line, behind its indentation, and shows it. The text may have become shorter since. */
export function placeCursor(editor: EditorView, line: number): void {
  const { doc } = editor.state;
  const { from, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const at = from + (text.length - text.trimStart().length);
  editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  editor.focus();
}
