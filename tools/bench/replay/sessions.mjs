/**
 * Histories as two people type them, the same at every run: words one letter at a time, with a few steps back now and then; on
 * to another place of the text; a deleted line; every 400 edits or so a pasted piece; pauses; every 2,000 edits the other person,
 * on a new page load. The text keeps a file's usual length: what is above it is deleted in lines.
 */
import * as Y from 'yjs';

const PEOPLE = ['ada', 'ben'];
const SITTING = 2_000;
const LONGEST = 100_000;
const START = 1_700_000_000_000;

/** mulberry32: whole numbers below the argument, the same for the same seed. */
export function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const letter = (random) => 'abcdefghij klmnopqrst uvwxyz\n'[random(28)];
const PIECE = 'def step(state, event):\n    if event is None:\n        return state\n    return state + [event]\n';

/** Each edit with its person and its time. */
export function typedBySessions(count) {
  const random = randomFrom(11);
  const doc = new Y.Doc();
  const text = doc.getText('text');
  const edits = [];
  let ms = START;
  doc.on('update', (update) =>
    edits.push({ update, ms, person: PEOPLE[Math.floor(edits.length / SITTING) % PEOPLE.length] }),
  );
  let at = 0;
  let run = 0;
  while (edits.length < count) {
    if (edits.length % SITTING === 0) doc.clientID = 1 + random(2 ** 31);
    ms += 90 + random(220) + (random(60) === 0 ? 4_000 : 0) + (random(3_000) === 0 ? 600_000 : 0);
    if (run === 0) {
      run = 20 + random(60);
      if (random(3) === 0) at = random(text.length + 1);
    }
    run -= 1;
    at = Math.min(at, text.length);
    if (text.length > LONGEST) text.delete(Math.max(0, at - 60), 60);
    else if (random(400) === 0) text.insert(at, PIECE);
    else if (random(300) === 0 && at > 40) text.delete((at -= 40), 40);
    else if (random(12) === 0 && at > 0) text.delete(--at, 1);
    else text.insert(at++, letter(random));
  }
  return edits;
}
