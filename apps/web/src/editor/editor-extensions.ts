import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { bracketMatching, foldGutter, indentOnInput, indentUnit } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, Prec, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { yUndoManagerKeymap } from 'y-codemirror.next';
import { codeLook } from '../code-look.js';

/** What cannot be changed takes no keys and says so; it can still be read, searched and copied. */
export function accessExtensions(readOnly: boolean): Extension {
  return readOnly
    ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: '0' })]
    : Prec.high(keymap.of(yUndoManagerKeymap));
}

/** Everything that shows text, without what changes it. */
export function viewingExtensions(label: string, path: string): Extension {
  return [
    lineNumbers(),
    drawSelection(),
    codeLook,
    path.endsWith('.py') ? python() : [],
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ];
}

/** No history(): undo comes with yCollab, which takes back one's own edits only. Tab indents; Esc, then Tab leaves. */
export function editingExtensions(): Extension {
  return [
    foldGutter(),
    indentUnit.of('    '),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...completionKeymap, indentWithTab]),
  ];
}
