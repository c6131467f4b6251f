/**
 * Clients that type, in a process of their own: load.mjs, told by one message {rooms: [[url, …], …], seconds, rate: [least, most],
 * acks}. Each has a Y.Doc and speaks y-websocket's protocol over ws. Answers with `{type: 'ready'}` when all are synchronised, begins
 * at `{type: 'go'}`, and ends with its figures.
 */
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
const LETTERS = 'etaoin shrdlu\n';
/** Connections opened at the same time. */
const OPENING = 20;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** When each edit was sent: `client:clock` → milliseconds. All clients are in this process, so one clock measures both ends. */
const sentAt = new Map();
const toPeer = [];
const toAcknowledgement = [];
let sent = 0;
let measuring = false;
let refused = 0;

class Client {
  doc = new Y.Doc();
  #socket;
  #synchronised;
  /** Sending times of frames that could change the document; the acknowledged ones are dropped. */
  #frames = [];
  #acknowledged = 0;
  #typing = false;

  constructor(url) {
    this.ready = new Promise((resolve) => (this.#synchronised = resolve));
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on('open', () => this.#send(STEP_1, Y.encodeStateVector(this.doc)));
    this.#socket.on('message', (frame) => this.#receive(new Uint8Array(frame)));
    this.#socket.on('error', () => undefined); // followed by close
    this.#socket.on('close', () => {
      if (this.#typing) refused++;
      this.#typing = false;
    });
    this.doc.on('update', (update, origin) => {
      if (origin === 'server') return;
      const clock = Y.getState(this.doc.store, this.doc.clientID) - 1;
      if (measuring) sentAt.set(`${this.doc.clientID}:${clock}`, performance.now());
      sent++;
      this.#change(UPDATE, update);
    });
  }

  async type([least, most]) {
    this.#typing = true;
    const text = this.doc.getText(TEXT_ROOT);
    while (this.#typing) {
      await sleep(1000 / (least + Math.random() * (most - least)));
      const letter = LETTERS[Math.floor(Math.random() * LETTERS.length)];
      if (this.#typing) text.insert(Math.floor(Math.random() * (text.length + 1)), letter);
    }
  }

  stop() {
    this.#typing = false;
  }

  end() {
    this.#socket.terminate();
  }

  #receive(frame) {
    const decoder = decoding.createDecoder(frame);
    const type = decoding.readVarUint(decoder);
    if (type === MESSAGE_ACKNOWLEDGED) return this.#acknowledge(decoding.readVarUint(decoder));
    if (type !== SYNC) return;
    const step = decoding.readVarUint(decoder);
    const bytes = decoding.readVarUint8Array(decoder);
    if (step === STEP_1) return this.#change(STEP_2, Y.encodeStateAsUpdate(this.doc, bytes));
    if (step === UPDATE && measuring) this.#measure(bytes);
    Y.applyUpdate(this.doc, bytes, 'server');
    if (step === STEP_2) this.#synchronised();
  }

  #measure(update) {
    const now = performance.now();
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      if (client === this.doc.clientID) continue; // an echo
      for (let clock = from.get(client) ?? end; clock < end; clock++) {
        const at = sentAt.get(`${client}:${clock}`);
        if (at !== undefined) toPeer.push(now - at);
      }
    }
  }

  #acknowledge(count) {
    const now = performance.now();
    for (; this.#acknowledged < count; this.#acknowledged++) {
      const at = this.#frames.shift();
      if (at !== undefined && measuring) toAcknowledgement.push(now - at);
    }
  }

  #change(step, bytes) {
    this.#frames.push(performance.now());
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

function percentile(values, part) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

const summary = (values) => ({
  count: values.length,
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
});

/** Rooms whose members do not have the same text. */
function different(rooms) {
  return rooms.filter((room) => new Set(room.map(({ doc }) => doc.getText(TEXT_ROOT).toString())).size > 1).length;
}

async function run({ rooms: urls, seconds, warmUp, rate }) {
  const rooms = urls.map(() => []);
  let opened = [];
  for (const [index, room] of urls.entries())
    for (const url of room) {
      const client = new Client(url);
      rooms[index].push(client);
      opened.push(client.ready);
      if (opened.length < OPENING) continue;
      await Promise.all(opened);
      opened = [];
    }
  await Promise.all(opened);
  const clients = rooms.flat();
  process.send({ type: 'ready' });
  await new Promise((resolve) => process.once('message', resolve));
  const typing = clients.map((client) => client.type(rate));
  await sleep(warmUp * 1000);
  const before = sent;
  measuring = true;
  process.send({ type: 'begin' });
  await sleep(seconds * 1000);
  const updates = sent - before;
  process.send({ type: 'end' });
  for (const client of clients) client.stop();
  await Promise.all(typing);
  await sleep(1500); // what is under way
  const figures = {
    ...{ updates, refused, total: sent, different: different(rooms) },
    ...{ toPeer: summary(toPeer), toAcknowledgement: summary(toAcknowledgement) },
  };
  for (const client of clients) client.end();
  process.send({ type: 'done', figures }, () => process.exit(0));
}

process.once('message', (order) => void run(order));
process.once('disconnect', () => process.exit(0));
