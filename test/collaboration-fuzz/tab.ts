import { TEXT_ROOT } from '@palimpsest/domain';
import { Awareness } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { DurableConnection } from '../../apps/web/src/editor/durable-provider.js';
import { FrameBudget } from '../../apps/web/src/editor/frame-budget.js';
import { SaveLedger } from '../../apps/web/src/editor/save-ledger.js';
import { Line } from './line.js';
import type { TabPlan, TabStep } from './scenario.js';
import { countTokens, shown, type Witness } from './witness.js';

type Edit = Extract<TabStep, { kind: 'type' | 'paste' | 'delete' | 'undo' | 'redo' }>;

/** A provider's waits between tries grow up to this, milliseconds. */
const MAX_BACKOFF = 100;

/** When a connection that was broken is tried again, milliseconds: the provider must have noticed. */
const RECONNECT_MS = 2;

/** A connection of either kind, as far as a tab needs it. */
interface Connection {
  reconnect(): void;
  destroy(): void;
}

export interface Place {
  readonly file: string;
  readonly token: string;
  /** `host:port` of a node. */
  readonly address: string;
}

/** One person's editor without the editor. */
export class Tab {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT_ROOT);
  readonly line: Line;
  /** What was made here, in order. */
  readonly updates: Uint8Array[] = [];
  /** The server closed it for good, which it should do to nobody here. */
  ending: string | undefined;
  readonly #awareness = new Awareness(this.doc);
  readonly #origin = Symbol('typing');
  /** One step back for each step of the scenario. */
  readonly #undo = new Y.UndoManager(this.text, { trackedOrigins: new Set([this.#origin]), captureTimeout: 1e9 });
  readonly #witness: Witness;
  readonly #connection: Connection;

  constructor(client: TabPlan['client'], place: Place, witness: Witness) {
    this.#witness = witness;
    this.line = new Line(place.token, place.address, (frame) => witness.received(frame));
    this.#connection = client === 'plain' ? this.#plain(place.file) : this.#durable(place.file);
  }

  /** `address`: undefined takes the network away. */
  lead(address: string | undefined): void {
    this.line.lead(address);
    if (address !== undefined) setTimeout(() => this.#reconnect(), RECONNECT_MS);
  }

  /** Sooner than the provider would by itself. */
  #reconnect(): void {
    if (!this.doc.isDestroyed) this.#connection.reconnect();
  }

  async edit(step: Edit): Promise<void> {
    this.#undo.stopCapturing();
    if ('token' in step) this.#expect([step.token]);
    if ('tokens' in step) this.#expect(step.tokens);
    if (step.kind === 'type' && step.pace > 0) return this.#typeSlowly(step.token, step.at, step.pace);
    this.#change(() => this.#edit(step));
  }

  destroy(): void {
    this.#connection.destroy();
    this.line.lead(undefined);
    this.#undo.destroy();
    this.#awareness.destroy();
    this.doc.destroy();
  }

  #edit(step: Edit): void {
    switch (step.kind) {
      case 'type': {
        let at = this.#place(step.at);
        for (const key of step.token) {
          this.#insert(at, key);
          at += key.length;
        }
        return;
      }
      case 'paste':
        return this.#insert(this.#place(step.at), step.tokens.join(''));
      case 'delete':
        return this.#delete(step.at, step.count);
      case 'undo':
        return void this.#undo.undo();
      case 'redo':
        return void this.#undo.redo();
    }
  }

  /** Others' edits come in between the keys. */
  async #typeSlowly(token: string, share: number, pace: number): Promise<void> {
    let place = Y.createRelativePositionFromTypeIndex(this.text, this.#place(share), -1);
    for (const key of token) {
      const at = Y.createAbsolutePositionFromRelativePosition(place, this.doc)?.index ?? 0;
      this.#insert(at, key);
      place = Y.createRelativePositionFromTypeIndex(this.text, at + key.length, -1);
      await new Promise((done) => setTimeout(done, pace));
    }
    this.#made(token, 1);
  }

  /** These come next under this tab's client id. */
  #expect(tokens: readonly string[]): void {
    const client = this.doc.clientID;
    let start = Y.getState(this.doc.store, client);
    for (const token of tokens) {
      const end = start + token.length;
      this.#witness.tokens.set(token, { client, start, end, makings: 0 });
      start = end;
    }
  }

  /** Places between whole tokens. */
  #place(share: number): number {
    const ends = [...this.text.toString().matchAll(/‹[^‹›]*›/g)].map(({ 0: token, index }) => index + token.length);
    const places = [0, ...ends];
    return places[Math.floor(share * places.length)] ?? 0;
  }

  #insert(at: number, text: string): void {
    this.doc.transact(() => this.text.insert(at, text), this.#origin);
  }

  #delete(share: number, count: number): void {
    const tokens = [...this.text.toString().matchAll(/‹[^‹›]*›/g)];
    const from = Math.floor(share * tokens.length);
    this.doc.transact(() => {
      for (const { 0: token, index } of tokens.slice(from, from + count).reverse())
        this.text.delete(index, token.length);
    }, this.#origin);
  }

  /** Tells the witness which tokens came and went. Nothing of others can come in between. */
  #change(act: () => void): void {
    const { tokens, removed } = this.#witness;
    const before = countTokens(this.text.toString());
    // Also of tokens that are still being typed: with a stray "›" behind it, the beginning of one looks like a whole one.
    const there = [...tokens].map(([token, range]) => ({ token, range, length: shown(this.doc, range).length }));
    act();
    const after = countTokens(this.text.toString());
    for (const [token, count] of after) this.#made(token, Math.max(0, count - (before.get(token) ?? 0)));
    for (const { token, range, length } of there) if (shown(this.doc, range).length < length) removed.add(token);
  }

  #made(token: string, times: number): void {
    const known = this.#witness.tokens.get(token);
    if (known) known.makings += times;
  }

  #onEdit(update: Uint8Array): void {
    this.updates.push(update);
    this.#witness.made.push(update);
  }

  #plain(file: string): Connection {
    const provider = new WebsocketProvider('ws://classroom/collab', file, this.doc, {
      awareness: this.#awareness,
      WebSocketPolyfill: this.line.Socket,
      disableBc: true,
      maxBackoffTime: MAX_BACKOFF,
    });
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== provider) this.#onEdit(update);
    });
    provider.on('closed', ({ code, reason }) => (this.ending = `${code} ${reason}`));
    return { reconnect: () => provider.connect(), destroy: () => provider.destroy() };
  }

  #durable(file: string): Connection {
    // What the page's provider finds in a browser.
    Object.assign(globalThis, { WebSocket: this.line.Socket, location: { protocol: 'http:', host: 'classroom' } });
    const ledger = new SaveLedger();
    let promised = 0;
    return new DurableConnection({
      file,
      doc: this.doc,
      awareness: this.#awareness,
      ledger,
      budget: new FrameBudget(),
      own: new Set([this.doc.clientID]),
      onEdit: (update) => {
        ledger.edited();
        this.#onEdit(update);
      },
      onSynchronised: () => undefined,
      onEnded: (code) => (this.ending = `${code} ${'message' in ledger.state ? ledger.state.message : ''}`),
      onChange: () => {
        while (promised < ledger.durableEdits) this.#witness.debt.add(this.updates[promised++]!);
      },
    });
  }
}
