/**
 * Line ends and characters that a change must not break. The editor's positions are the document's: a line end is `\n` and
 * nothing else, and a `\r` before it is a character of its line. (Left to itself CodeMirror takes `\r\n` for one position, and
 * every edit after such a line would land in the wrong place.)
 *
 *   In a file whose first line ends with `\r\n`, a new line ends like that as well, whoever pastes or types it; `\r` is not
 *   drawn, and the cursor does not stop before `\n`. In every other file new lines end with `\n`. No line end changes
 *   because somebody edits near it.
 *
 *   A character outside the basic plane is two units. What the browser reports may name one of them (another emoji instead of
 *   the one before); Yjs would then lose both. Such a change is widened to whole characters.
 */
import { ChangeSet, EditorSelection, EditorState, type Extension, RangeSetBuilder, type Text } from '@codemirror/state';
import { Transaction, type TransactionSpec } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { ySyncAnnotation } from 'y-codemirror.next';

const RETURN = '\r';

export function hasReturns(doc: Text): boolean {
  return doc.lines > 1 && doc.line(1).text.endsWith(RETURN);
}

/** Everything above, for an editor on a shared text. */
export function lineEndings(): Extension {
  return [
    EditorState.lineSeparator.of('\n'),
    EditorState.transactionFilter.of(endLinesAlike),
    EditorState.transactionFilter.of(keepCharactersWhole),
    EditorState.transactionFilter.of(stepOverReturns),
    // What is pasted has the line ends of where it comes from, and now and then a NUL, which would make the file binary.
    EditorView.clipboardInputFilter.of((text) => text.replaceAll(/\r\n?/g, '\n').replaceAll('\u0000', '')),
    hiddenReturns,
  ];
}

const isOwn = (transaction: Transaction) => transaction.docChanged && !transaction.annotation(ySyncAnnotation);

function endLinesAlike(transaction: Transaction): Transaction | readonly TransactionSpec[] {
  if (!isOwn(transaction) || !hasReturns(transaction.startState.doc)) return transaction;
  const { newDoc, startState } = transaction;
  const changes: { from: number; insert: string }[] = [];
  const mend = (at: number) => before(newDoc, at) !== RETURN && changes.push({ from: at, insert: RETURN });
  transaction.changes.iterChanges((_fromA, toA, fromB, toB, inserted) => {
    const text = inserted.toString();
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) mend(fromB + at);
    // The Enter key takes away the white space after it, and `\r` is some.
    if (startState.doc.sliceString(toA - 1, toA + 1) === '\r\n') mend(toB);
  });
  return changes.length === 0 ? transaction : [transaction, { changes, sequential: true }];
}

const before = (doc: Text, position: number) => doc.sliceString(position - 1, position);

/** Whether a position is within a character of two units. */
function isInside(doc: Text, position: number): boolean {
  if (position <= 0 || position >= doc.length) return false;
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(doc.sliceString(position - 1, position + 1));
}

function keepCharactersWhole(transaction: Transaction): Transaction | readonly TransactionSpec[] {
  if (!isOwn(transaction)) return transaction;
  const { doc } = transaction.startState;
  let isBroken = false;
  const changes: { from: number; to: number; insert: string }[] = [];
  transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const [left, right] = [isInside(doc, from) ? 1 : 0, isInside(doc, to) ? 1 : 0];
    isBroken ||= left + right > 0;
    const insert = doc.sliceString(from - left, from) + inserted.toString() + doc.sliceString(to, to + right);
    changes.push({ from: from - left, to: to + right, insert });
  });
  if (!isBroken) return transaction;
  const { newSelection: selection, effects, scrollIntoView } = transaction;
  const userEvent = transaction.annotation(Transaction.userEvent);
  return [
    {
      changes: ChangeSet.of(changes, doc.length, '\n'),
      selection,
      effects,
      scrollIntoView,
      ...(userEvent !== undefined && { userEvent }),
    },
  ];
}

/** The cursor stands before `\r\n` or after it: what is typed in between would break the line end. */
function stepOverReturns(transaction: Transaction): Transaction | readonly TransactionSpec[] {
  const { newDoc, newSelection } = transaction;
  if (!(transaction.selection ?? transaction.docChanged) || !hasReturns(newDoc)) return transaction;
  const back = (at: number) => (newDoc.sliceString(at - 1, at + 1) === '\r\n' ? at - 1 : at);
  if (newSelection.ranges.every(({ anchor, head }) => back(anchor) === anchor && back(head) === head))
    return transaction;
  const ranges = newSelection.ranges.map(({ anchor, head }) => EditorSelection.range(back(anchor), back(head)));
  return [transaction, { selection: EditorSelection.create(ranges, newSelection.mainIndex), sequential: true }];
}

/** Draws no `\r`, and makes `\r\n` one thing for the keys that move and delete. */
class HiddenReturns {
  decorations: DecorationSet;
  atoms: DecorationSet;

  constructor(view: EditorView) {
    [this.decorations, this.atoms] = returnsIn(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged || update.viewportChanged) [this.decorations, this.atoms] = returnsIn(update.view);
  }
}

const NOT_DRAWN = Decoration.replace({});

function returnsIn(view: EditorView): [DecorationSet, DecorationSet] {
  const drawn = new RangeSetBuilder<Decoration>();
  const atoms = new RangeSetBuilder<Decoration>();
  const { doc } = view.state;
  for (let at = view.viewport.from; at <= view.viewport.to;) {
    const line = doc.lineAt(at);
    if (line.text.endsWith(RETURN) && line.number < doc.lines) {
      drawn.add(line.to - 1, line.to, NOT_DRAWN);
      atoms.add(line.to - 1, line.to + 1, NOT_DRAWN);
    }
    at = line.to + 1;
  }
  return [drawn.finish(), atoms.finish()];
}

const hiddenReturns = ViewPlugin.fromClass(HiddenReturns, {
  decorations: (plugin) => plugin.decorations,
  provide: (plugin) => EditorView.atomicRanges.of((view) => view.plugin(plugin)?.atoms ?? Decoration.none),
});
