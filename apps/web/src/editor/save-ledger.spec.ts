import { describe, expect, it } from '@jest/globals';
import { SaveLedger } from './save-ledger.js';

const STEP_1 = Uint8Array.of(0, 0, 1, 0);
const STEP_2 = Uint8Array.of(0, 1, 2, 0, 0);
const UPDATE = Uint8Array.of(0, 2, 2, 0, 0);
const AWARENESS = Uint8Array.of(1, 2, 0, 0);

/** A ledger whose connection has just exchanged its states. */
function opened(): SaveLedger {
  const ledger = new SaveLedger();
  ledger.connected();
  ledger.admit(STEP_1);
  ledger.synchronised();
  ledger.admit(STEP_2);
  return ledger;
}

function saved(): SaveLedger {
  const ledger = opened();
  ledger.acknowledged(1, 1000);
  return ledger;
}

function type(ledger: SaveLedger, times = 1): void {
  for (let i = 0; i < times; i++) {
    ledger.edited();
    ledger.admit(UPDATE);
  }
}

describe('SaveLedger', () => {
  it('is opening before the first connection', () => {
    expect(new SaveLedger().state).toEqual({ kind: 'opening', edits: 0 });
  });

  it('is opening until its first step 2 is acknowledged, and saved then', () => {
    const ledger = opened();
    expect(ledger.state).toEqual({ kind: 'opening', edits: 0 });
    ledger.acknowledged(1, 1000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 1000 });
  });

  it('does not count step 1 and awareness', () => {
    const ledger = saved();
    expect(ledger.admit(STEP_1)).toBe('send');
    expect(ledger.admit(AWARENESS)).toBe('send');
    expect(ledger.state).toEqual({ kind: 'saved', at: 1000 });
  });

  it('counts down while acknowledgements come in', () => {
    const ledger = saved();
    type(ledger, 3);
    expect(ledger.state).toEqual({ kind: 'saving', edits: 3 });
    ledger.acknowledged(3, 2000);
    expect(ledger.state).toEqual({ kind: 'saving', edits: 1 });
    ledger.acknowledged(4, 3000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 3000 });
  });

  it('ignores acknowledgements that come late, twice or for more than was sent', () => {
    const ledger = saved();
    type(ledger, 2);
    ledger.acknowledged(1, 1500);
    expect(ledger.unsaved).toBe(2);
    ledger.acknowledged(99, 2000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 2000 });
    type(ledger);
    expect(ledger.state).toEqual({ kind: 'saving', edits: 1 });
    ledger.acknowledged(4, 3000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 3000 });
  });

  it('is offline, with what was in flight and what is typed meanwhile', () => {
    const ledger = saved();
    type(ledger, 2);
    ledger.disconnected();
    ledger.edited();
    expect(ledger.state).toEqual({ kind: 'offline', edits: 3, place: 'tab' });
  });

  it('is offline without anything to lose', () => {
    const ledger = saved();
    ledger.disconnected();
    expect(ledger.state).toEqual({ kind: 'offline', edits: 0, place: 'tab' });
  });

  it('lets the first step 2 of a new connection carry everything', () => {
    const ledger = saved();
    type(ledger, 2);
    ledger.disconnected();
    ledger.edited();
    ledger.connected();
    expect(ledger.state).toEqual({ kind: 'saving', edits: 3 });
    ledger.synchronised();
    ledger.admit(STEP_2);
    type(ledger);
    ledger.acknowledged(1, 2000);
    expect(ledger.state).toEqual({ kind: 'saving', edits: 1 });
    ledger.acknowledged(2, 3000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 3000 });
  });

  it('withholds updates before step 2, which holds them as well', () => {
    const ledger = new SaveLedger();
    ledger.connected();
    ledger.edited();
    expect(ledger.admit(UPDATE)).toBe('withhold');
    expect(ledger.admit(STEP_2)).toBe('send');
    ledger.synchronised();
    expect(ledger.state).toEqual({ kind: 'saving', edits: 1 });
    ledger.acknowledged(1, 2000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 2000 });
  });

  it('does not take an acknowledgement of the connection before for one of this', () => {
    const ledger = saved();
    type(ledger, 5);
    ledger.disconnected();
    ledger.connected();
    ledger.acknowledged(6, 2000);
    expect(ledger.state).toEqual({ kind: 'saving', edits: 5 });
  });

  it('keeps what was refused as unsaved, and says why', () => {
    const ledger = saved();
    type(ledger);
    ledger.ended('This file is read-only for you.');
    expect(ledger.state).toEqual({ kind: 'ended', edits: 1, message: 'This file is read-only for you.' });
  });

  it('comes back after it has ended, when it is connected again', () => {
    const ledger = saved();
    type(ledger);
    ledger.ended('Sign in again.');
    ledger.connected();
    ledger.synchronised();
    ledger.admit(STEP_2);
    ledger.acknowledged(1, 2000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 2000 });
  });

  it('says where offline edits are, as it is at that moment', () => {
    let place: 'computer' | 'tab' = 'computer';
    const ledger = new SaveLedger(() => place);
    ledger.edited(2);
    expect(ledger.state).toEqual({ kind: 'offline', edits: 2, place: 'computer' });
    place = 'tab';
    expect(ledger.state).toEqual({ kind: 'offline', edits: 2, place: 'tab' });
  });

  it('counts which edits are durable, always the oldest', () => {
    const ledger = saved();
    ledger.edited(3);
    ledger.admit(UPDATE);
    type(ledger);
    expect(ledger.durableEdits).toBe(0);
    ledger.acknowledged(2, 2000);
    expect(ledger.durableEdits).toBe(3);
    ledger.disconnected();
    expect(ledger.durableEdits).toBe(3);
  });

  it('keeps edits loose that a frame had to leave out, and does not say saved', () => {
    const ledger = new SaveLedger();
    ledger.connected();
    ledger.edited(2);
    ledger.synchronised();
    ledger.admit(STEP_2, true);
    ledger.acknowledged(1, 1000);
    expect(ledger.state).toEqual({ kind: 'held', edits: 2 });
    ledger.admit(STEP_2);
    ledger.acknowledged(2, 2000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 2000 });
  });

  it('does not say saved while something durable before is held', () => {
    const ledger = new SaveLedger();
    ledger.connected();
    ledger.synchronised();
    ledger.admit(STEP_2, true);
    ledger.acknowledged(1, 1000);
    expect(ledger.state).toEqual({ kind: 'held', edits: 0 });
  });

  it('waits while the server takes nothing, if there is anything to send', () => {
    const ledger = saved();
    ledger.waits(9000);
    expect(ledger.state).toEqual({ kind: 'saved', at: 1000 });
    ledger.edited();
    expect(ledger.state).toEqual({ kind: 'waiting', edits: 1, until: 9000 });
    ledger.disconnected();
    expect(ledger.state).toEqual({ kind: 'waiting', edits: 1, until: 9000 });
    ledger.waits(null);
    expect(ledger.state).toEqual({ kind: 'offline', edits: 1, place: 'tab' });
  });

  it.each([1, 2, 3, 4, 5])('never says saved while an edit is not durable (seed %i)', (seed) => {
    const random = seeded(seed);
    const model = new Model();
    for (let step = 0; step < 2_000; step++) {
      model.act(random(6));
      expect(model.ledger.unsaved).toBe(model.unsaved);
      if (model.ledger.state.kind === 'saved') expect(model.unsaved).toBe(0);
    }
  });
});

/** A server and a line to it that does what it likes: knows which edits each frame holds, and which frames are durable. */
class Model {
  readonly ledger = new SaveLedger();
  /** Edits made and not held by a durable frame of this connection or an earlier one. */
  #waiting = 0;
  #frames: number[] = [];
  #durable = 0;
  #open = false;
  #stepTwo = false;

  get unsaved(): number {
    return this.#waiting;
  }

  act(choice: number): void {
    if (choice <= 1) return this.#type();
    if (choice === 2) return this.#acknowledge();
    if (choice === 3 && this.#open && !this.#stepTwo) return this.#synchronise();
    if (choice === 4 && !this.#open) return this.#connect();
    if (choice === 5 && this.#open) this.#disconnect();
  }

  #type(): void {
    this.#waiting += 1;
    this.ledger.edited();
    if (this.#open && this.ledger.admit(UPDATE) === 'send') this.#frames.push(1);
  }

  #acknowledge(): void {
    const edits = this.#frames[this.#durable];
    if (edits === undefined) return;
    this.#durable += 1;
    this.#waiting -= edits;
    this.ledger.acknowledged(this.#durable, 1);
  }

  #synchronise(): void {
    this.#stepTwo = true;
    this.ledger.synchronised();
    expect(this.ledger.admit(STEP_2)).toBe('send');
    this.#frames.push(this.#waiting);
  }

  #connect(): void {
    this.#open = true;
    this.ledger.connected();
  }

  #disconnect(): void {
    this.#open = false;
    this.#stepTwo = false;
    this.#frames = [];
    this.#durable = 0;
    this.ledger.disconnected();
  }
}

/** Numbers that look random and are the same each time (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
