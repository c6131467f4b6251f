/** The product with a student who has files to run: asks for runs as the page does, and watches them by their sockets. */
import { createRequire } from 'node:module';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { TEXT_ROOT } from '../../../libs/domain/dist/index.js';
import { ApiClient } from '../event-store-faults/api-client.mjs';
import { Installation } from '../event-store-faults/installation.mjs';
import { makeStudents } from './people.mjs';

const require = createRequire(new URL('../../../apps/api/package.json', import.meta.url));
const { WebSocket } = require('ws');

/** What a person's requests are counted by in another benchmark; here nobody counts. */
const NOBODY = { unanswered: 0 };
const SYNC = 0;
const UPDATE = 2;
/** Milliseconds. */
const MOST_WAIT = 120_000;

/** One person runs more here in a minute than the product lets. */
const UNHURRIED = { RUNS_PER_MINUTE: '1000000', FILE_OPERATIONS_PER_MINUTE: '1000000' };

export class Classroom {
  #installation = new Installation();
  #student;
  #workspace;
  #class = [];

  /** `besides` is added to the environment that the product is started with. */
  async start(besides = {}) {
    const environment = { ...UNHURRIED, ...besides };
    const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
    Object.assign(process.env, environment);
    try {
      await this.#installation.start();
    } finally {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
    const student = this.#installation.accounts.find(({ role }) => role === 'student');
    this.#student = await ApiClient.signIn(this.#installation.address, student, NOBODY);
    this.#workspace = await this.#student.workspace();
  }

  stop() {
    return this.#installation.stop();
  }

  /** URLs of the sockets of `count` new files with `people` in each. */
  async rooms(count, people) {
    const rooms = [];
    for (let n = 0; n < count; n++) {
      const id = await this.#makeFile(`rooms/${n}.py`);
      rooms.push(Array.from({ length: people }, () => this.#collab(id)));
    }
    return rooms;
  }

  async writeFile(path, text) {
    const id = await this.#makeFile(path);
    const doc = new Y.Doc();
    doc.getText(TEXT_ROOT).insert(0, text);
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, UPDATE);
    encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc));
    const socket = new WebSocket(this.#collab(id));
    await new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => socket.send(encoding.toUint8Array(encoder)));
      // The acknowledgement is the first thing that is no answer to a question.
      socket.on('message', (frame) => frame[0] !== SYNC && frame[0] !== 1 && resolve());
    });
    socket.terminate();
  }

  /** `count` more students who are signed in, each with the file `path` in a workspace of their own. */
  async makeClass(count, path, text) {
    const { body: courses } = await this.#student.request('GET', 'courses');
    const students = await makeStudents(this.#installation.databaseUrl, { count, course: courses[0].id, path, text });
    this.#class = [];
    for (const student of students) {
      const client = await ApiClient.signIn(this.#installation.address, student, NOBODY);
      this.#class.push({ client, workspace: student.workspace });
    }
  }

  /** Asks for a run. Resolves with it when its first output is here. */
  async run(entry) {
    return this.#run({ client: this.#student, workspace: this.#workspace }, entry);
  }

  /** Everybody of the class asks for a run at once. */
  runOfEverybody(entry) {
    return Promise.all(this.#class.map((student) => this.#run(student, entry)));
  }

  async #run({ client, workspace }, entry) {
    const askedAt = performance.now();
    const { status, body } = await client.request('POST', 'runs', { workspace, mode: 'script', entry });
    if (status !== 201) throw new Error(`A run was refused: ${status} ${JSON.stringify(body)}`);
    const run = new WatchedRun(`${this.#socketAddress}/runs/${body.id}?token=${client.token}`, askedAt);
    await run.firstOutput;
    return run;
  }

  get #socketAddress() {
    return this.#installation.address.replace('http', 'ws');
  }

  #collab(file) {
    return `${this.#socketAddress}/collab/${file}?token=${this.#student.token}&acks=1`;
  }

  async #makeFile(path) {
    const { status, body } = await this.#student.request('POST', `workspaces/${this.#workspace}/files`, { path });
    if (status !== 201) throw new Error(`A file could not be made: ${status} ${JSON.stringify(body)}`);
    await this.#student.request('GET', `workspaces/${this.#workspace}?after=${body.position}`);
    return body.id;
  }
}

class WatchedRun {
  /** Milliseconds from the request until the first output was here. */
  latency = 0;
  #socket;

  constructor(url, askedAt) {
    this.#socket = new WebSocket(url);
    const told = (wanted) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`A run had no "${wanted}" in two minutes.`)), MOST_WAIT);
        this.#socket.on('error', reject);
        this.#socket.on('message', (frame) => {
          const message = JSON.parse(frame);
          if (message.t === 'finished' && wanted !== 'finished') reject(new Error(message.text));
          if (message.t !== wanted) return;
          clearTimeout(late);
          resolve(message);
        });
      });
    this.firstOutput = told('output').then(() => (this.latency = performance.now() - askedAt));
    this.finished = told('finished');
    this.finished.catch(() => undefined);
  }

  /** Stops it and waits for its end. */
  async stop() {
    this.#socket.send(JSON.stringify({ t: 'cancel' }));
    await this.finished;
    this.#socket.terminate();
  }

  async end() {
    await this.finished;
    this.#socket.terminate();
  }
}
