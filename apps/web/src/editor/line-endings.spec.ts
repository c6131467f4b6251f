import { describe, expect, it } from '@jest/globals';
import { insertNewlineAndIndent } from '@codemirror/commands';
import { EditorState, Text, type TransactionSpec } from '@codemirror/state';
import { ySyncAnnotation } from 'y-codemirror.next';
import * as Y from 'yjs';
import { lineEndings } from './line-endings.js';
import { boundedLength, MAX_EDITABLE_LENGTH, obstacleTo } from './text-limits.js';

/** An editor's state bound to a shared text as y-codemirror.next binds them, without a window. */
class Editor {
  readonly text = new Y.Doc().getText('text');
  state: EditorState;

  constructor(text: string) {
    this.text.insert(0, text);
    this.state = EditorState.create({ doc: Text.of(text.split('\n')), extensions: [lineEndings()] });
  }

  change(spec: TransactionSpec): this {
    const transaction = this.state.update(spec);
    let shift = 0;
    transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
      this.text.delete(from + shift, to - from);
      this.text.insert(from + shift, inserted.toString());
      shift += inserted.length - (to - from);
    });
    this.state = transaction.state;
    expect(this.state.doc.toString()).toBe(this.text.toString());
    return this;
  }

  type(at: number, insert: string): this {
    return this.change({ changes: { from: at, insert }, selection: { anchor: at + insert.length } });
  }

  get result(): string {
    // What the server and every other client make of the encoded document.
    const other = new Y.Doc();
    if (this.text.doc) Y.applyUpdate(other, Y.encodeStateAsUpdate(this.text.doc));
    return other.getText('text').toString();
  }
}

describe('line endings', () => {
  it('stay as they are when somebody edits after them', () => {
    expect(new Editor('a\r\nb\r\nc').type(6, 'X').result).toBe('a\r\nb\r\nXc');
    expect(new Editor('a\nb\r\nc\rd\n').type(8, 'X').result).toBe('a\nb\r\nc\rdX\n');
  });

  it('are \\r\\n for new lines in a file whose first line ends like that, with the cursor after them', () => {
    const editor = new Editor('a\r\nb\r\n').type(4, '\nnew\n');
    expect(editor.result).toBe('a\r\nb\r\nnew\r\n\r\n');
    expect(editor.state.selection.main.head).toBe(11);
  });

  it('are \\r\\n for the Enter key there', () => {
    const editor = new Editor('if a:\r\n    b\r\n').change({ selection: { anchor: 12 } });
    insertNewlineAndIndent({ state: editor.state, dispatch: (transaction) => editor.change(transaction as never) });
    expect(editor.result.startsWith('if a:\r\n    b\r\n')).toBe(true);
    expect(editor.result.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('are \\n for new lines in every other file', () => {
    expect(new Editor('a\nb\r\n').type(1, '\n').result).toBe('a\n\nb\r\n');
    expect(new Editor('a').type(1, '\n').result).toBe('a\n');
  });

  it('of others come in as they are', () => {
    const editor = new Editor('a\r\nb');
    editor.change({ changes: { from: 4, insert: '\nx\r\ny' }, annotations: ySyncAnnotation.of({} as never) });
    expect(editor.result).toBe('a\r\nb\nx\r\ny');
  });

  it('are not entered by the cursor', () => {
    const editor = new Editor('a\r\nb').change({ selection: { anchor: 2 } });
    expect(editor.state.selection.main.head).toBe(1);
  });
});

describe('characters', () => {
  it.each([
    ['astral', 'print("😀🎉𝒳")'],
    ['combining', 'e\u0301 n\u0303 👩‍👩‍👧‍👦 🇩🇪'],
    ['right to left', 'name = "שלום"  # مرحبا \u2067x\u2069'],
    ['line separators of Unicode', 'a\u2028b\u2029c\u0085d'],
  ])('%s survive', (_name, text) => {
    const editor = new Editor('# \n').type(2, text).type(2 + text.length, '!');
    expect(editor.result).toBe(`# ${text}!\n`);
  });

  it('of two units are changed as a whole where the browser names one of them', () => {
    // 😀 and 😁 begin with the same unit.
    const editor = new Editor('a😀b').change({ changes: { from: 2, to: 3, insert: '\ude01' } });
    expect(editor.result).toBe('a😁b');
    const low = new Editor('a😀b').change({ changes: { from: 1, to: 2, insert: '\ud83c' } });
    expect(low.result).toBe('a\ud83c\ude00b');
  });
});

describe('what cannot be edited', () => {
  it('is data and what is too long, each with its reason', () => {
    expect(obstacleTo('print("ä")\n')).toBeNull();
    expect(obstacleTo('x'.repeat(MAX_EDITABLE_LENGTH))).toBeNull();
    expect(obstacleTo('PK\u0003\u0004\u0000')).toMatch(/not text/);
    expect(obstacleTo('x'.repeat(MAX_EDITABLE_LENGTH + 1))).toMatch(/500,001 characters.*up to 500,000/);
  });

  it('does not grow by typing, but others may, and it can become shorter', () => {
    let refusals = 0;
    let state = EditorState.create({ doc: '12345', extensions: [boundedLength(() => refusals++, 6)] });
    const dispatch = (spec: TransactionSpec) => (state = state.update(spec).state).doc.toString();
    expect(dispatch({ changes: { from: 5, insert: '6' } })).toBe('123456');
    expect(dispatch({ changes: { from: 6, insert: '7' } })).toBe('123456');
    expect(refusals).toBe(1);
    const others = ySyncAnnotation.of({} as never);
    expect(dispatch({ changes: { from: 6, insert: '789' }, annotations: others })).toBe('123456789');
    expect(dispatch({ changes: { from: 0, to: 1 } })).toBe('23456789');
    expect(refusals).toBe(1);
  });
});
