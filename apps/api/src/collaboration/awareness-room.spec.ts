import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as awareness from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { AwarenessChannel, AwarenessReceiver } from './awareness-exchange.js';
import { encodeShared, decodeMessage } from './awareness-message.js';
import { AwarenessRoom, MalformedAwareness } from './awareness-room.js';

/** Longer than the room gathers what it tells its members, and the other nodes; milliseconds. */
const GATHERED_MS = 140;
const gathered = () => new Promise((done) => setTimeout(done, GATHERED_MS));

/** What a test opens is closed whether it passes or not: clients of y-protocols keep a timer. */
const opened: { end(): void }[] = [];
afterEach(() => opened.splice(0).forEach((one) => one.end()));

const ID: Readonly<Record<string, string>> = {
  Ada: '00000000-0000-4000-8000-00000000000a',
  Ben: '00000000-0000-4000-8000-00000000000b',
  Chloé: '00000000-0000-4000-8000-00000000000c',
};

/** A member whose received states are folded by the real client. */
function member(room: AwarenessRoom, name: string, id = ID[name] ?? '') {
  const doc = new Y.Doc();
  const seen = new awareness.Awareness(doc);
  seen.setLocalState(null);
  const self = {
    user: { id, name, role: 'student' },
    messages: 0,
    send: (update: Uint8Array) => {
      self.messages += 1;
      awareness.applyAwarenessUpdate(seen, update, null);
    },
    states: () => Object.fromEntries([...seen.getStates()].filter(([client]) => client !== doc.clientID)),
    say: (client: number, clock: number, state: unknown, owns = true) =>
      room.receive(self, encode([[client, clock, JSON.stringify(state)]]), () => owns),
    end: () => {
      room.leave(self);
      seen.destroy();
      doc.destroy();
    },
  };
  opened.push(self);
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
  return { room, ada, ben };
}

describe('awareness', () => {
  it('[AW2] shows others a state with the name that the server knows', () => {
    const { ada, ben } = pair();
    ada.say(5, 1, { cursor: 3, user: { name: 'PROFESSOR', color: '#aabbcc', colorLight: 'url(//evil)', id: 'x' } });
    expect(ben.states()).toEqual({
      5: { cursor: 3, user: { id: ID['Ada'], name: 'Ada', role: 'student', color: '#aabbcc' } },
    });
  });

  it('[AW1] takes no word for a client id that somebody else has or owns', async () => {
    const { ada, ben } = pair();
    ada.say(5, 1, { cursor: 1 });
    ben.say(5, 9, null); // would make Ada vanish
    ben.say(6, 1, { cursor: 2 }, false);
    await gathered();
    expect(Object.keys(ben.states())).toEqual(['5']);
    expect(ada.states()).toEqual({});
  });

  it('[AW1] keeps one state a connection, whatever ids are invented', async () => {
    const { ada, ben } = pair();
    for (let client = 1; client <= 500; client++) ada.say(client, 1, { cursor: client });
    await gathered();
    expect(Object.keys(ben.states())).toEqual(['1']);
  });

  it('[AW3] lets the cursor of one who leaves vanish, and shows what is there to one who comes', async () => {
    const { room, ada, ben } = pair();
    ada.say(5, 1, { cursor: 1 });
    const chloe = member(room, 'Chloé');
    room.join(chloe);
    expect(Object.keys(chloe.states())).toEqual(['5']);
    room.leave(ada);
    await gathered();
    expect(ben.states()).toEqual({});
    expect(chloe.states()).toEqual({});
  });

  it('ignores a state that is older than the one it has', async () => {
    const { ada, ben } = pair();
    ada.say(5, 3, { cursor: 3 });
    ada.say(5, 2, { cursor: 2 });
    await gathered();
    expect(ben.states()).toMatchObject({ 5: { cursor: 3 } });
  });

  it.each([
    ['cut off', Uint8Array.of(1, 5)],
    ['not JSON', encode([[5, 1, '{']])],
    ['too many states', Uint8Array.of(0xff, 0x7f)],
    ['a state of 2,049 bytes', encode([[5, 1, `"${'x'.repeat(2_047)}"`]])],
  ])('[HF8] refuses a message that is %s', (_, message) => {
    const { room, ada } = pair();
    expect(() => room.receive(ada, message, () => true)).toThrow(MalformedAwareness);
  });

  it('[HF8] takes a state of 2,048 bytes', () => {
    const { room, ada } = pair();
    room.receive(ada, encode([[5, 1, `"${'x'.repeat(2_046)}"`]]), () => true);
  });

  it('[HF8] refuses a state that is small on the wire and large when it is written out', () => {
    const { room, ada } = pair();
    const bomb = encode([[5, 1, `{"a":[${'1e20,'.repeat(400)}1]}`]]);
    expect(() => room.receive(ada, bomb, () => true)).toThrow(MalformedAwareness);
  });

  it('[AW4] gathers what a storm of cursors says: 20 messages a second at most, the last state included', async () => {
    const { ada, ben } = pair();
    for (let clock = 1; clock <= 200; clock++) {
      ada.say(5, clock, { cursor: clock });
      await new Promise((done) => setTimeout(done, 1));
    }
    const { messages } = ben;
    await gathered();
    expect(ben.states()).toMatchObject({ 5: { cursor: 200 } });
    expect(messages).toBeGreaterThan(1);
    expect(messages).toBeLessThan(20);
  });
});

/** Nodes whose rooms of one file hear each other, through the text that the bus would carry. */
class Nodes implements AwarenessChannel {
  static #all = new Map<string, AwarenessReceiver>();
  readonly #node: string;
  texts = 0;

  constructor(n: number) {
    this.#node = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  }
  open(receiver: AwarenessReceiver): void {
    Nodes.#all.set(this.#node, receiver);
  }
  close(): void {
    Nodes.#all.delete(this.#node);
  }
  publish(states: Parameters<AwarenessChannel['publish']>[0]): void {
    for (const text of encodeShared(this.#node, ID['Ada'] ?? '', states)) {
      this.texts += 1;
      const message = decodeMessage(text);
      for (const [node, other] of Nodes.#all)
        if (node !== this.#node && message?.kind === 'states') other.receiveShared(message.node, message.states);
    }
  }
  ask(): void {
    for (const [node, other] of Nodes.#all) if (node !== this.#node) other.announce();
  }
}

describe('awareness over several nodes', () => {
  const nodes = () => {
    const channels = [new Nodes(1), new Nodes(2)] as const;
    return { channels, here: new AwarenessRoom(channels[0]), there: new AwarenessRoom(channels[1]) };
  };

  it('[ND2] shows a state, its changes and its end on the other node', async () => {
    const { here, there } = nodes();
    const [ada, ben] = [member(here, 'Ada'), member(there, 'Ben')];
    here.join(ada);
    there.join(ben);
    ada.say(5, 1, { cursor: 1 });
    expect(ben.states()).toMatchObject({ 5: { cursor: 1, user: { name: 'Ada', role: 'student' } } });
    ada.say(5, 2, { cursor: 2 });
    await gathered();
    expect(ben.states()).toMatchObject({ 5: { cursor: 2 } });
    here.leave(ada);
    await gathered();
    expect(ben.states()).toEqual({});
  });

  it('[ND3] asks the others when a file is opened, so that one who comes sees who is there', async () => {
    const { here, there } = nodes();
    const ada = member(here, 'Ada');
    here.join(ada);
    ada.say(5, 1, { cursor: 1 });
    await gathered();
    const ben = member(there, 'Ben');
    there.join(ben);
    await gathered();
    expect(Object.keys(ben.states())).toEqual(['5']);
    const asked = new awareness.Awareness(new Y.Doc());
    awareness.applyAwarenessUpdate(asked, there.snapshot(), null);
    expect([...asked.getStates().keys()]).toContain(5);
    asked.destroy();
  });

  it('[ND6] takes no word for a client id of a person on another node', async () => {
    const { here, there } = nodes();
    const [ada, ben, chloe] = [member(here, 'Ada'), member(there, 'Ben'), member(there, 'Chloé')];
    here.join(ada);
    there.join(ben);
    there.join(chloe);
    ada.say(5, 1, { cursor: 1 });
    ben.say(5, 9, null);
    ben.say(5, 10, { cursor: 99 });
    await gathered();
    expect(chloe.states()).toMatchObject({ 5: { cursor: 1, user: { name: 'Ada' } } });
  });

  it('shows a person who moves from one node to the other without a gap', async () => {
    const { here, there } = nodes();
    const [ada, ben, moved] = [member(here, 'Ada'), member(there, 'Ben'), member(there, 'Ada')];
    here.join(ada);
    there.join(ben);
    ada.say(5, 1, { cursor: 1 });
    await gathered();
    there.join(moved);
    moved.say(5, 2, { cursor: 2 });
    here.leave(ada);
    await gathered();
    expect(ben.states()).toMatchObject({ 5: { cursor: 2 } });
  });

  it('[ND2] tells the other nodes ten times a second at most', async () => {
    const { channels, here } = nodes();
    const ada = member(here, 'Ada');
    here.join(ada);
    for (let clock = 1; clock <= 200; clock++) {
      ada.say(5, clock, { cursor: clock });
      await new Promise((done) => setTimeout(done, 1));
    }
    expect(channels[0].texts).toBeGreaterThan(1);
    expect(channels[0].texts).toBeLessThan(12);
  });

  it('[ND4] lets the states of a node that is silent vanish within 30 s', () => {
    jest.useFakeTimers();
    try {
      const there = new AwarenessRoom(new Nodes(2));
      const ben = member(there, 'Ben');
      there.join(ben);
      const user = { id: ID['Ada'] ?? '', name: 'Ada', role: 'student' };
      there.receiveShared('dead node', [{ client: 5, clock: 1, state: '{"cursor":1}', user }]);
      jest.advanceTimersByTime(20_000);
      expect(present(there)).toEqual([5]);
      jest.advanceTimersByTime(10_000);
      expect(present(there)).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('[ND6] skips a state of another node that is not of the form, and bounds how many there are', () => {
    const there = new AwarenessRoom(new Nodes(2));
    const ben = member(there, 'Ben');
    there.join(ben);
    const user = { id: ID['Ada'] ?? '', name: 'Ada', role: 'student' };
    there.receiveShared('node', [
      { client: 1, clock: 1, state: '{', user },
      { client: 2, clock: 1, state: '{"user":{"name":"PROFESSOR"}}', user },
    ]);
    expect(ben.states()).toMatchObject({ 2: { user: { name: 'Ada' } } });
    for (let client = 3; client < 2_000; client++)
      there.receiveShared('node', [{ client, clock: 1, state: '{}', user }]);
    expect(present(there).length).toBe(1_000);
  });
});

/** Client ids in the room's snapshot. */
function present(room: AwarenessRoom): number[] {
  const seen = new awareness.Awareness(new Y.Doc());
  seen.setLocalState(null);
  awareness.applyAwarenessUpdate(seen, room.snapshot(), null);
  seen.destroy();
  return [...seen.getStates().keys()];
}
