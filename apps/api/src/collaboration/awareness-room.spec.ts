import { describe, expect, it } from '@jest/globals';
import * as awareness from 'y-protocols/awareness';
import * as Y from 'yjs';
import { AwarenessRoom, MalformedAwareness } from './awareness-room.js';

/** A member whose received states are folded by the real client. */
function member(room: AwarenessRoom, name: string) {
  const doc = new Y.Doc();
  const seen = new awareness.Awareness(doc);
  seen.setLocalState(null);
  const self = {
    user: { id: `id-${name}`, name, role: 'student' },
    send: (update: Uint8Array) => awareness.applyAwarenessUpdate(seen, update, null),
    states: () => Object.fromEntries([...seen.getStates()].filter(([client]) => client !== doc.clientID)),
    say: (client: number, clock: number, state: unknown, owns = true) =>
      room.receive(self, encode([[client, clock, JSON.stringify(state)]]), () => owns),
    end: () => {
      seen.destroy();
      doc.destroy();
    },
  };
  return self;
}

function encode(states: readonly [number, number, string][]): Uint8Array {
  const parts: number[] = [states.length];
  for (const [client, clock, json] of states) {
    const text = new TextEncoder().encode(json);
    for (let n of [client, clock, text.length]) {
      while (n >= 0x80) {
        parts.push((n % 0x80) | 0x80);
        n = Math.floor(n / 0x80);
      }
      parts.push(n);
    }
    parts.push(...text);
  }
  return Uint8Array.from(parts);
}

function pair() {
  const room = new AwarenessRoom();
  const ada = member(room, 'Ada');
  const ben = member(room, 'Ben');
  room.join(ada);
  room.join(ben);
  return { room, ada, ben, end: () => [ada, ben].forEach((person) => person.end()) };
}

describe('awareness', () => {
  it('shows others a state with the name that the server knows', () => {
    const { ada, ben, end } = pair();
    ada.say(5, 1, { cursor: 3, user: { name: 'PROFESSOR', color: '#aabbcc', colorLight: 'url(//evil)', id: 'x' } });
    expect(ben.states()).toEqual({
      5: { cursor: 3, user: { id: 'id-Ada', name: 'Ada', role: 'student', color: '#aabbcc' } },
    });
    end();
  });

  it('takes no word for a client id that somebody else has or owns', () => {
    const { ada, ben, end } = pair();
    ada.say(5, 1, { cursor: 1 });
    ben.say(5, 9, null); // would make Ada vanish
    ben.say(6, 1, { cursor: 2 }, false);
    expect(Object.keys(ben.states())).toEqual(['5']);
    expect(ada.states()).toEqual({});
    end();
  });

  it('keeps one state a connection, whatever ids are invented', () => {
    const { ada, ben, end } = pair();
    for (let client = 1; client <= 500; client++) ada.say(client, 1, { cursor: client });
    expect(Object.keys(ben.states())).toEqual(['1']);
    end();
  });

  it('lets the cursor of one who leaves vanish, and shows what is there to one who comes', () => {
    const { room, ada, ben, end } = pair();
    ada.say(5, 1, { cursor: 1 });
    const chloe = member(room, 'Chloé');
    room.join(chloe);
    expect(Object.keys(chloe.states())).toEqual(['5']);
    room.leave(ada);
    expect(ben.states()).toEqual({});
    expect(chloe.states()).toEqual({});
    chloe.end();
    end();
  });

  it('ignores a state that is older than the one it has', () => {
    const { ada, ben, end } = pair();
    ada.say(5, 3, { cursor: 3 });
    ada.say(5, 2, { cursor: 2 });
    expect(ben.states()).toMatchObject({ 5: { cursor: 3 } });
    end();
  });

  it.each([
    ['cut off', Uint8Array.of(1, 5)],
    ['not JSON', encode([[5, 1, '{']])],
    ['too many states', Uint8Array.of(0xff, 0x7f)],
    ['a state of 2,049 bytes', encode([[5, 1, `"${'x'.repeat(2_047)}"`]])],
  ])('refuses a message that is %s', (_, message) => {
    const { room, ada, end } = pair();
    expect(() => room.receive(ada, message, () => true)).toThrow(MalformedAwareness);
    end();
  });

  it('takes a state of 2,048 bytes', () => {
    const { room, ada, end } = pair();
    room.receive(ada, encode([[5, 1, `"${'x'.repeat(2_046)}"`]]), () => true);
    end();
  });
});
