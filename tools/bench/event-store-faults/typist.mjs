/**
 * Types into a file through the collaboration socket, one mark after the other, and waits until each is acknowledged as
 * durable (`?acks=1`: the first n frames of this connection are). After a lost connection the next one begins with
 * everything that the server does not have.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { MESSAGE_ACKNOWLEDGED } from '../../../libs/protocol/dist/wire.js';
import { TEXT_ROOT } from '../../../libs/domain/dist/index.js';

const require = createRequire(new URL('../../../apps/api/package.json', import.meta.url));
const { WebSocket } = require('ws');
const Y = require('yjs');
const decoding = require('lib0/decoding');
const encoding = require('lib0/encoding');

const SYNC = 0;
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2];
const PAUSE = 10;
const RECONNECT = 100;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Typist {
  static kind = 'typing';
  #url;
  #file;
  #ledger;
  #doc = new Y.Doc();
  #socket;
  /** Frames of this connection that could change the document, and whether the first of them was sent. */
  #frames = 0;
  #joined = false;
  #waiting;
  #typing = true;
  #done;

  constructor(address, file, token, ledger) {
    this.#url = `${address.replace('http', 'ws')}/collab/${file}?token=${token}&acks=1`;
    this.#file = file;
    this.#ledger = ledger;
    this.#doc.on('update', (update, origin) => {
      if (origin !== 'server' && this.#joined) this.#sendChange(UPDATE, update);
    });
    this.#connect();
    this.#done = this.#type();
  }

  async stop() {
    this.#typing = false;
    await this.#done;
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  async #type() {
    while (this.#typing) {
      const mark = randomUUID();
      const sentAt = performance.now();
      await new Promise((resolve) => {
        this.#waiting = { resolve, frame: Infinity };
        this.#doc.getText(TEXT_ROOT).insert(0, `${mark}\n`);
      });
      this.#ledger.marks.push({ file: this.#file, mark });
      this.#ledger.answered(Typist.kind, sentAt);
      await sleep(PAUSE);
    }
  }

  #connect() {
    this.#frames = 0;
    this.#joined = false;
    if (this.#waiting) this.#waiting.frame = Infinity;
    this.#socket = new WebSocket(this.#url);
    this.#socket.on('open', () => this.#send(STEP_1, Y.encodeStateVector(this.#doc)));
    this.#socket.on('message', (frame) => this.#receive(decoding.createDecoder(new Uint8Array(frame))));
    this.#socket.on('error', () => undefined); // followed by close
    this.#socket.once('close', () => {
      this.#ledger.unanswered++;
      setTimeout(() => this.#connect(), RECONNECT);
    });
  }

  #receive(decoder) {
    const type = decoding.readVarUint(decoder);
    if (type === MESSAGE_ACKNOWLEDGED) return this.#acknowledged(decoding.readVarUint(decoder));
    if (type !== SYNC) return;
    const step = decoding.readVarUint(decoder);
    const bytes = decoding.readVarUint8Array(decoder);
    if (step !== STEP_1) return Y.applyUpdate(this.#doc, bytes, 'server');
    this.#joined = true;
    this.#sendChange(STEP_2, Y.encodeStateAsUpdate(this.#doc, bytes));
  }

  #acknowledged(frames) {
    if (this.#waiting === undefined || frames < this.#waiting.frame) return;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve();
  }

  /** A frame that the server counts. It carries what waits: the mark itself, or everything that the server does not have. */
  #sendChange(step, bytes) {
    this.#frames++;
    if (this.#waiting) this.#waiting.frame = this.#frames;
    this.#send(step, bytes);
  }

  #send(step, bytes) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, bytes);
    this.#socket.send(encoding.toUint8Array(encoder));
  }
}
