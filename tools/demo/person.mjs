/** One person of the scripted class: requests to the public API of a running classroom, and what is typed over its sockets. */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../apps/api/package.json', import.meta.url));
const { WebSocket } = require('ws');
const Y = require('yjs');
const decoding = require('lib0/decoding');
const encoding = require('lib0/encoding');

/** Of the collaboration socket, as libs/protocol has them; the text's name is part of the storage format. */
const [SYNC, ACKNOWLEDGED] = [0, 110];
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2];
const TEXT_ROOT = 'text';

/** Milliseconds. */
const PATIENCE = 60_000;

export class Person {
  /** What it cost: requests, and those that were asked to wait. */
  static requests = 0;
  static waited = 0;

  constructor(address, username) {
    this.address = address;
    this.username = username;
    this.token = '';
  }

  /** The answer, whatever it is; where a limit says to wait, after that. */
  async ask(method, path, body, headers = {}) {
    for (;;) {
      Person.requests += 1;
      const isBytes = body instanceof Uint8Array;
      const answer = await fetch(`${this.address}/api/${path}`, {
        method,
        headers: {
          ...(this.token !== '' && { authorization: `Bearer ${this.token}` }),
          ...(body !== undefined && !isBytes && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined || isBytes ? body : JSON.stringify(body),
      });
      const text = await answer.text();
      if (answer.status === 429 || answer.status === 503) {
        Person.waited += 1;
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after') ?? 1)));
        continue;
      }
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
    }
  }

  /** The body of an answer that must be a success. Throws with the problem otherwise. */
  async must(method, path, body, headers) {
    const answer = await this.ask(method, path, body, headers);
    if (answer.status >= 400)
      throw new Error(
        `${this.username}: ${method} ${path}: ${answer.status} ${answer.body.code}: ${answer.body.detail}`,
      );
    return answer.body;
  }

  /** The problem of an answer that must be a refusal with this code. Throws otherwise. */
  async refused(status, code, method, path, body) {
    const answer = await this.ask(method, path, body);
    if (answer.status !== status || answer.body.code !== code)
      throw new Error(
        `${this.username}: ${method} ${path} should be refused with ${status} ${code}, and was answered ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`,
      );
    return answer.body;
  }

  async signIn(password) {
    const { accessToken, user } = await this.must('POST', 'auth/sign-in', { username: this.username, password });
    this.token = accessToken;
    this.id = user.id;
    return user;
  }

  /** Types at the end of a text; resolves when the server says that it is durable. */
  type(file, text) {
    const doc = new Y.Doc();
    const socket = new WebSocket(`${this.address.replace('http', 'ws')}/collab/${file}?token=${this.token}&acks=1`);
    const send = (step, bytes) => {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, SYNC);
      encoding.writeVarUint(encoder, step);
      encoding.writeVarUint8Array(encoder, bytes);
      socket.send(encoding.toUint8Array(encoder));
    };
    let timer;
    return new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.username}: typing was not acknowledged`)), PATIENCE);
      let typed = Infinity;
      socket.on('open', () => send(STEP_1, Y.encodeStateVector(doc)));
      socket.on('error', () => undefined); // followed by close
      socket.on('close', (code, reason) => reject(Object.assign(new Error(`${this.username}: ${reason}`), { code })));
      socket.on('message', (frame) => {
        const decoder = decoding.createDecoder(new Uint8Array(frame));
        const kind = decoding.readVarUint(decoder);
        if (kind === ACKNOWLEDGED && decoding.readVarUint(decoder) >= typed) return resolve();
        if (kind !== SYNC) return undefined;
        const step = decoding.readVarUint(decoder);
        const bytes = decoding.readVarUint8Array(decoder);
        if (step === STEP_1) return send(STEP_2, Y.encodeStateAsUpdate(doc, bytes)); // the first that the server counts
        Y.applyUpdate(doc, bytes, 'server');
        if (step === UPDATE || typed !== Infinity) return undefined;
        typed = 2;
        const before = Y.encodeStateVector(doc);
        doc.getText(TEXT_ROOT).insert(doc.getText(TEXT_ROOT).length, text);
        return send(UPDATE, Y.encodeStateAsUpdate(doc, before));
      });
    }).finally(() => {
      clearTimeout(timer);
      socket.removeAllListeners('close');
      socket.close();
      doc.destroy();
    });
  }

  /** Runs a file and resolves with what it printed when it said `until`; stops it then. */
  async run(workspace, entry, until) {
    const { id } = await this.must('POST', 'runs', { workspace, mode: 'script', entry });
    const socket = new WebSocket(`${this.address.replace('http', 'ws')}/runs/${id}?token=${this.token}`);
    let output = '';
    let timer;
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no "${until}" in what the run said: ${output}`)), PATIENCE);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the run was closed')));
      socket.on('message', (frame) => {
        output += String(frame);
        if (output.includes(until)) resolve();
      });
    }).finally(() => {
      clearTimeout(timer);
      socket.removeAllListeners('close');
      socket.close();
    });
    await this.ask('POST', `runs/${id}/cancel`);
    return output;
  }
}
