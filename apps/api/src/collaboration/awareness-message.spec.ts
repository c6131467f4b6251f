import { describe, expect, it } from '@jest/globals';
import { decodeMessage, encodeAsk, encodeShared, type SharedState } from './awareness-message.js';

const NODE = '00000000-0000-4000-8000-000000000001';
const FILE = '00000000-0000-4000-8000-000000000002';
const user = { id: '00000000-0000-4000-8000-000000000003', name: 'Chloé "C" 👩', role: 'student' };
const state = (client: number, length = 300): SharedState => ({
  client,
  clock: 7,
  state: JSON.stringify({ text: 'x'.repeat(length) }),
  user,
});

/** A message of states with `change` made to it. */
function changed(change: (message: Record<string, unknown>, first: unknown[]) => void): string {
  const message = JSON.parse(encodeShared(NODE, FILE, [state(1)])[0] ?? '') as { states: unknown[][] };
  change(message as never, message.states[0] ?? []);
  return JSON.stringify(message);
}

describe('messages between nodes', () => {
  it('come out as they went in', () => {
    expect(decodeMessage(encodeAsk(NODE, FILE))).toEqual({ kind: 'ask', node: NODE, file: FILE });
    const [text] = encodeShared(NODE, FILE, [state(1), state(2 ** 32 - 1)]);
    expect(decodeMessage(text ?? '')).toEqual({
      kind: 'states',
      node: NODE,
      file: FILE,
      states: [state(1), state(2 ** 32 - 1)],
    });
  });

  it('are split so that each stays below the 8,000 bytes of a NOTIFY, and none is lost', () => {
    const states = Array.from({ length: 100 }, (_, client) => state(client, 1 + ((client * 97) % 2_000)));
    const texts = encodeShared(NODE, FILE, states);
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(8_000);
    const back = texts.flatMap((text) => {
      const message = decodeMessage(text);
      return message?.kind === 'states' ? message.states : [];
    });
    expect(back).toEqual(states);
  });

  it('take the largest state that a room can hold, also when every character needs an escape', () => {
    const text = `"${'\\\\'.repeat(1_500)}"`;
    const [message] = encodeShared(NODE, FILE, [{ ...state(1), state: text }]);
    expect(Buffer.byteLength(message ?? '')).toBeLessThan(8_000);
    expect(decodeMessage(message ?? '')).toMatchObject({ states: [{ state: text }] });
  });

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['null', 'null'],
    ['longer than a NOTIFY', ' '.repeat(8_000)],
    ['of another version', changed((message) => (message['v'] = 2))],
    ['of no node', changed((message) => (message['node'] = 'x'))],
    ['of no file', changed((message) => (message['file'] = 7))],
    ['of another kind', changed((message) => (message['kind'] = 'shutdown'))],
    ['without states', changed((message) => delete message['states'])],
    ['with a negative client id', changed((_, first) => (first[0] = -1))],
    ['with a clock that is no number', changed((_, first) => (first[1] = '9'))],
    ['with a state of 3,073 characters', changed((_, first) => (first[2] = 'x'.repeat(3_073)))],
    ['of nobody', changed((_, first) => (first[3] = 'system'))],
    ['with a name of 81 characters', changed((_, first) => (first[4] = 'x'.repeat(81)))],
    ['with a role that there is not', changed((_, first) => (first[5] = 'owner'))],
  ])('are ignored when %s', (_, text) => expect(decodeMessage(text)).toBeUndefined());
});
