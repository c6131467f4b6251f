/** Yjs updates of single-character edits by three people, the same at every run. */
import * as Y from 'yjs';

const PEOPLE = ['ada', 'ben', 'chloe'];
/** Edits after which another person, on another page load, goes on. */
const SITTING = 2_000;

/** mulberry32: whole numbers below the argument, the same for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function record(count, editOf) {
  const random = randomFrom(7);
  const doc = new Y.Doc();
  const text = doc.getText('text');
  const updates = [];
  doc.on('update', (update) => updates.push(update));
  const edit = editOf(text, random);
  while (updates.length < count) {
    if (updates.length % SITTING === 0) doc.clientID = 1 + random(2 ** 31);
    edit();
  }
  return updates.map((update, n) => ({ update, person: PEOPLE[Math.floor(n / SITTING) % PEOPLE.length] }));
}

const letter = (random) => String.fromCharCode(97 + random(26));

/** Runs of some 30 letters; after each a few steps back, and sometimes on at another place. A fifth of the edits delete. */
export function typedEdits(count) {
  return record(count, (text, random) => {
    let at = 0;
    let insert = 30;
    let remove = 0;
    return () => {
      if (insert === 0 && remove === 0) {
        insert = 5 + random(50);
        remove = random(15);
        if (random(3) === 0) at = random(text.length + 1);
      }
      if (insert > 0) {
        insert -= 1;
        text.insert(at++, letter(random));
      } else {
        remove -= 1;
        if (at > 0) text.delete(--at, 1);
        else text.insert(at++, letter(random));
      }
    };
  });
}

/** Every edit at another place, every fifth a deletion: no two can share a struct. */
export function editsAtRandom(count) {
  return record(count, (text, random) => () => {
    if (text.length > 0 && random(5) === 0) text.delete(random(text.length), 1);
    else text.insert(random(text.length + 1), letter(random));
  });
}
