import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ByteWriter } from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED, MESSAGE_WAIT } from '@palimpsest/protocol/wire';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { DurableConnection } from './durable-provider.js';
import { FrameBudget } from './frame-budget.js';
import { payloadOf, STEP_2, syncFrame, UPDATE } from './frame-pacer.js';
import { SaveLedger } from './save-ledger.js';

/** A server that knows one document, in memory: what the real one does with frames, without its checks. */
class Server {
  readonly sockets = new Set<FakeSocket>();
  doc = new Y.Doc();
  /** Keeps acknowledgements back. */
  isSlow = false;

  setBack(): void {
    this.doc = new Y.Doc();
    for (const socket of [...this.sockets]) socket.end(1006);
  }

  joined(socket: FakeSocket): void {
    this.sockets.add(socket);
    const vector = Y.encodeStateVector(this.doc);
    socket.deliver(new ByteWriter().varuint(0).varuint(0).bytes(vector).finish());
  }

  take(socket: FakeSocket, frame: Uint8Array): void {
    if (frame[0] !== 0) return;
    if (frame[1] === 0) return socket.deliver(syncFrame(STEP_2, Y.encodeStateAsUpdate(this.doc, payloadOf(frame))));
    Y.applyUpdate(this.doc, payloadOf(frame));
    // The real one refuses what builds on text that it does not have.
    expect(this.doc.store.pendingStructs).toBeNull();
    for (const other of this.sockets) if (other !== socket) other.deliver(syncFrame(UPDATE, payloadOf(frame)));
    socket.changes += 1;
    if (this.isSlow) return;
    socket.deliver(new ByteWriter().varuint(MESSAGE_ACKNOWLEDGED).varuint(socket.changes).finish());
  }

  wait(ms: number): void {
    const message = new ByteWriter().varuint(MESSAGE_WAIT).varuint(ms).bytes(new TextEncoder().encode('Slower.'));
    for (const socket of this.sockets) socket.deliver(message.finish());
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }
}

let server: Server;

/** A WebSocket as far as the provider uses one; every message arrives in a turn of its own. */
class FakeSocket {
  static readonly OPEN = 1;
  static opened = 0;
  readonly OPEN = 1;
  readyState = 0;
  changes = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor() {
    FakeSocket.opened += 1;
    setTimeout(() => {
      this.readyState = 1;
      this.onopen?.();
      server.joined(this);
    });
  }

  send(frame: Uint8Array): void {
    const copy = frame.slice();
    setTimeout(() => server.take(this, copy));
  }

  deliver(frame: Uint8Array): void {
    const copy = frame.slice();
    setTimeout(() => this.onmessage?.({ data: copy.buffer }));
  }

  close(): void {
    this.end(1000);
  }

  end(code: number, reason = ''): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    server.sockets.delete(this);
    this.onclose?.({ code, reason });
  }
}

/** One person's tab. */
class Tab {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly ledger = new SaveLedger();
  readonly own = new Set([this.doc.clientID]);
  readonly connection: DurableConnection;
  readonly ended: number[] = [];

  constructor() {
    this.connection = new DurableConnection({
      file: 'file',
      doc: this.doc,
      awareness: this.awareness,
      ledger: this.ledger,
      own: this.own,
      budget: new FrameBudget(),
      onEdit: () => this.ledger.edited(),
      onSynchronised: () => undefined,
      onEnded: (code) => this.ended.push(code),
      onChange: () => undefined,
    });
    open.push(this);
  }

  type(text: string): void {
    for (const key of text) this.doc.getText('text').insert(this.text.length, key);
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }

  close(): void {
    this.connection.destroy();
    this.awareness.destroy();
    this.doc.destroy();
  }
}

const open: Tab[] = [];
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
  server = new Server();
  FakeSocket.opened = 0;
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { protocol: 'http:', host: 'classroom' } });
});

afterEach(() => {
  for (const tab of open.splice(0)) tab.close();
  jest.useRealTimers();
});

describe('DurableConnection', () => {
  it('says saved when the server has everything', async () => {
    const ada = new Tab();
    await pass(100);
    ada.type('hello');
    expect(ada.ledger.state).toEqual({ kind: 'saving', edits: 5 });
    await pass(1_000);
    expect(ada.ledger.state.kind).toBe('saved');
    expect(server.text).toBe('hello');
  });

  it('sends what is collected when the page goes', async () => {
    const ada = new Tab();
    await pass(100);
    ada.type('hello');
    ada.connection.flush();
    await pass(5);
    expect(server.text).toBe('hello');
  });

  it('holds changes while the server asks for it, counts them, and loses none', async () => {
    const ada = new Tab();
    await pass(100);
    server.wait(10_000);
    await pass(5);
    ada.type('hello');
    await pass(5_000);
    ada.type(' world');
    expect(ada.ledger.state).toMatchObject({ kind: 'waiting', edits: 11 });
    expect(server.text).toBe('');
    await pass(5_100);
    expect(ada.ledger.state.kind).toBe('saved');
    expect(server.text).toBe('hello world');
  });

  it('stays away for the time that the server asked for, and comes back', async () => {
    const ada = new Tab();
    await pass(100);
    server.wait(20_000);
    await pass(5);
    for (const socket of [...server.sockets]) socket.end(CLOSE.limited, 'too much (try again in 20 s)');
    ada.type('meanwhile');
    expect(ada.ledger.state).toMatchObject({ kind: 'waiting', edits: 9 });
    await pass(19_900);
    expect(FakeSocket.opened).toBe(1);
    await pass(1_000);
    expect(FakeSocket.opened).toBe(2);
    expect(ada.ledger.state.kind).toBe('saved');
    expect(server.text).toBe('meanwhile');
  });

  it('sends again what was not acknowledged when the line broke, once', async () => {
    const ada = new Tab();
    await pass(100);
    server.isSlow = true;
    ada.type('one');
    await pass(1_000);
    expect(ada.ledger.state).toEqual({ kind: 'saving', edits: 3 });
    for (const socket of [...server.sockets]) socket.end(1006);
    ada.type(' two');
    expect(ada.ledger.state).toMatchObject({ kind: 'offline', edits: 7 });
    server.isSlow = false;
    await pass(5_000);
    expect(ada.ledger.state.kind).toBe('saved');
    expect(server.text).toBe('one two');
  });

  it('brings a server that was set back to where it was, each person their own part', async () => {
    const [ada, ben] = [new Tab(), new Tab()];
    await pass(100);
    for (const [tab, text] of [
      [ada, 'A'],
      [ben, 'B'],
      [ada, 'C'],
      [ben, 'D'],
    ] as const) {
      tab.type(text);
      await pass(1_000);
    }
    expect(server.text).toBe('ABCD');
    server.setBack();
    await pass(10_000);
    expect(server.text).toBe('ABCD');
    expect([ada.ledger.state.kind, ben.ledger.state.kind]).toEqual(['saved', 'saved']);
  });

  it('holds what builds on the lost text of somebody who is away, also what is typed then, and says so', async () => {
    const [ada, ben] = [new Tab(), new Tab()];
    await pass(100);
    ben.type('Ben');
    await pass(1_000);
    ada.type('Ada');
    await pass(1_000);
    const bens = Y.encodeStateAsUpdate(ben.doc);
    ben.close();
    server.setBack();
    await pass(5_000);
    ada.type('!');
    await pass(1_000);
    expect(ada.ledger.state).toEqual({ kind: 'held', edits: 1 });
    expect([server.text, ada.text]).toEqual(['', 'BenAda!']);
    const again = new Tab();
    await pass(100);
    // Ben's outbox has his part.
    Y.applyUpdate(again.doc, bens, 'outbox');
    await pass(5_000);
    expect(server.text).toBe('BenAda!');
    expect(ada.ledger.state.kind).toBe('saved');
  });

  it('sends what another tab of the same person left behind', async () => {
    const ada = new Tab();
    await pass(100);
    const left = new Y.Doc();
    left.getText('text').insert(0, 'left behind');
    ada.own.add(left.clientID);
    ada.ledger.edited();
    ada.connection.bringIn(Y.encodeStateAsUpdate(left));
    expect(ada.ledger.state).toEqual({ kind: 'saving', edits: 1 });
    await pass(1_000);
    expect([server.text, ada.text]).toEqual(['left behind', 'left behind']);
    expect(ada.ledger.state.kind).toBe('saved');
  });

  it('tells by which code the server closed for good', async () => {
    const ada = new Tab();
    await pass(100);
    ada.type('x');
    for (const socket of [...server.sockets]) socket.end(CLOSE.forbidden, 'This file is read-only for you.');
    expect(ada.ended).toEqual([CLOSE.forbidden]);
    expect(ada.ledger.state).toEqual({ kind: 'ended', edits: 1, message: 'This file is read-only for you.' });
    await pass(60_000);
    expect(FakeSocket.opened).toBe(1);
  });
});
