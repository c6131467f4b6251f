import { describe, expect, it } from '@jest/globals';
import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';
import { decodeDocState, encodeDocState, packDocState, unpackDocState } from './doc-snapshot.js';

/** "hi!" by ada, whose client id is 7, with the letter that ben, 300, wrote and deleted. */
function example(): { doc: Y.Doc; owners: Map<number, string> } {
  const doc = new Y.Doc();
  const text = doc.getText(TEXT_ROOT);
  doc.clientID = 7;
  text.insert(0, 'hi!');
  doc.clientID = 300;
  text.insert(2, '?');
  text.delete(2, 1);
  const owners = new Map([
    [7, 'ada'],
    [300, 'ben'],
  ]);
  return { doc, owners };
}

/** Format 2 as it was first written. It never changes: another form is another format. */
const PEOPLE = '0d5b22616461222c2262656e225d020700ac0201';
const STORED = PEOPLE + '0117' + '0207020201' + 'ac020101' + '090200000f0004020101' + '03686921';
/** The same where the document is one update. */
const STORED_AS_UPDATE =
  PEOPLE + '0023' + '0201ac0200c10701070201020700040104746578740268698407010121' + '01ac02010001';

describe('the stored form of a document', () => {
  it.each([STORED, STORED_AS_UPDATE])('is read as it was first written (%#)', (stored) => {
    const { doc, owners } = decodeDocState(Buffer.from(stored, 'hex'));
    expect(doc.getText(TEXT_ROOT).toString()).toBe('hi!');
    expect([...owners]).toEqual([
      [7, 'ada'],
      [300, 'ben'],
    ]);
    expect(Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(example().doc))).toBe(true);
  });

  it('is written as it was first written', () => {
    expect(Buffer.from(encodeDocState(example())).toString('hex')).toBe(STORED);
  });

  it('is an update where the document holds something else than text', () => {
    const { doc, owners } = example();
    doc.getText(TEXT_ROOT).format(0, 2, { bold: true });
    const { doc: read } = decodeDocState(encodeDocState({ doc, owners }));
    expect(read.getText(TEXT_ROOT).toDelta()).toEqual(doc.getText(TEXT_ROOT).toDelta());
  });

  it('survives being packed', async () => {
    const bytes = encodeDocState(example());
    expect(Buffer.from(await unpackDocState(await packDocState(bytes)))).toEqual(Buffer.from(bytes));
  });

  it.each([
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 2)],
    ['followed by more', (bytes: Uint8Array) => Uint8Array.from([...bytes, 0])],
    ['empty', () => new Uint8Array()],
  ])('is refused when it is %s', (_what, change) => {
    expect(() => decodeDocState(change(encodeDocState(example())))).toThrow();
  });

  it('is refused with text of a client id that belongs to nobody', () => {
    const { doc } = example();
    expect(() => decodeDocState(encodeDocState({ doc, owners: new Map([[7, 'ada']]) }))).toThrow(/300.*nobody/);
  });

  it('is refused with a gap', () => {
    const { doc, owners } = example();
    doc.getText(TEXT_ROOT).insert(0, 'a');
    const half = Y.encodeStateVector(doc);
    doc.getText(TEXT_ROOT).insert(0, 'b');
    const parked = new Y.Doc();
    Y.applyUpdate(parked, Y.encodeStateAsUpdate(doc, half));
    expect(() => decodeDocState(encodeDocState({ doc: parked, owners }))).toThrow('it has gaps');
  });
});
