/**
 * People who type in rooms of three, every edit durable before a peer sees it, beside the same load on a server that keeps
 * everything in memory only (@y/websocket-server): latency, processor time, bytes stored for a character, memory.
 */
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cpuSeconds, commandLine, residentMegabytes, tree } from './collab/processes.mjs';
import { ApiClient } from './event-store-faults/api-client.mjs';
import { Installation } from './event-store-faults/installation.mjs';

const pg = createRequire(new URL('../../libs/event-store/package.json', import.meta.url))('pg');

const IN_ROOM = 3;
/** Numbers of clients; others, and no figures of memory, with BENCH_COLLAB_CLIENTS=60,600. */
const SIZES = process.env.BENCH_COLLAB_CLIENTS?.split(',').map(Number) ?? [60, 300, 600];
const SECONDS = 20;
/** A workspace holds 500 files: this and the rooms of all sizes. */
const MEMORY_ROOMS = 150;
const WARM_UP = 3;
/** Characters a second and person, at least and at most. */
const RATE = [3, 5];
/** Milliseconds; bounds of p95 edit → peer by number of clients. */
const BOUNDS = { 60: 50, 600: 150 };

/** A child process that says one thing and then goes on. */
function started(script, options = {}) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'collab', script), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      ...options,
    });
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
    child.once('message', (message) => resolve({ child, message }));
    if (script === 'load.mjs') resolve({ child });
  });
}

/** Runs the clients against `rooms`. `parts` gives the server's processes whose time counts, by part. */
async function load(rooms, parts) {
  const { child } = await started('load.mjs');
  child.removeAllListeners('message');
  return new Promise((resolve, reject) => {
    let before = [];
    let spent = [];
    child.on('message', ({ type, figures }) => {
      if (type === 'ready') child.send({ type: 'go' });
      if (type === 'begin') before = parts().map(cpuSeconds);
      if (type === 'end') spent = parts().map((pids, part) => cpuSeconds(pids) - before[part]);
      if (type === 'done') resolve({ ...figures, spent, cpu: spent.reduce((sum, seconds) => sum + seconds, 0) });
    });
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send({ rooms, seconds: SECONDS, warmUp: WARM_UP, rate: RATE });
  });
}

/** What a person's requests are counted by in another benchmark; here nobody counts. */
const NOBODY = { unanswered: 0 };

/** The product, its people, and as many files as there are rooms. */
class Product {
  #installation = new Installation();
  #clients = [];
  #files = [];

  async start() {
    await this.#installation.start();
    const { address, accounts } = this.#installation;
    const students = accounts.filter(({ role }) => role === 'student').slice(0, IN_ROOM);
    this.#clients = await Promise.all(students.map((student) => ApiClient.signIn(address, student, NOBODY)));
    this.api = tree(process.pid).find((pid) => /apps\/api\/dist\/main/.test(commandLine(pid)));
    this.postgres = () => tree(process.pid).filter((pid) => /postgres/.test(commandLine(pid)));
  }

  /** URLs of the sockets of `count` rooms that nobody has been in yet, with `people` in each. */
  async rooms(count, people = IN_ROOM) {
    const [client] = this.#clients;
    const workspace = await client.workspace();
    const socket = this.#installation.address.replace('http', 'ws');
    const rooms = [];
    let position;
    for (let n = 0; n < count; n++) {
      const path = `bench/room-${this.#files.length}.py`;
      const { status, body } = await client.request('POST', `workspaces/${workspace}/files`, { path });
      if (status !== 201) throw new Error(`A file could not be made: ${status} ${JSON.stringify(body)}`);
      this.#files.push(body.id);
      position = body.position;
      const { length } = this.#clients;
      rooms.push(
        Array.from(
          { length: people },
          (_, person) => `${socket}/collab/${body.id}?token=${this.#clients[person % length].token}&acks=1`,
        ),
      );
    }
    await client.request('GET', `workspaces/${workspace}?after=${position}`);
    return rooms;
  }

  /** Bytes of the log, all indexes and out-of-line values included. */
  async storedBytes() {
    const client = new pg.Client({ connectionString: this.#installation.databaseUrl });
    await client.connect();
    const { rows } = await client.query(
      `select (pg_total_relation_size('es.event') + pg_total_relation_size('es.stream'))::float8 as bytes`,
    );
    await client.end();
    return rows[0].bytes;
  }

  stop() {
    return this.#installation.stop();
  }
}

/** Memory of the api for a room and for a connection: from rooms with one person, then with three more each. */
async function memory(product, say) {
  say('memory of rooms and connections');
  const rooms = await product.rooms(MEMORY_ROOMS, 4);
  const before = residentMegabytes(product.api);
  const one = await hold(rooms.map(([url]) => [url]));
  const withRooms = residentMegabytes(product.api);
  const more = await hold(rooms.map(([, ...urls]) => urls));
  const withConnections = residentMegabytes(product.api);
  for (const child of [one, more]) child.kill();
  return {
    'memory of a room with one connection': { value: ((withRooms - before) * 1000) / MEMORY_ROOMS, unit: 'kB' },
    'memory of a further connection': {
      value: ((withConnections - withRooms) * 1000) / (3 * MEMORY_ROOMS),
      unit: 'kB',
    },
  };
}

async function hold(rooms) {
  const { child } = await started('load.mjs');
  child.removeAllListeners('exit');
  const ready = new Promise((resolve) => child.once('message', resolve));
  child.send({ rooms, seconds: 0, warmUp: 0, rate: RATE });
  await ready;
  return child;
}

function latencies(name, size, { toPeer, toAcknowledgement }) {
  const bound = name === 'Palimpsest' ? BOUNDS[size] : undefined;
  const of = (what, values) => ({
    [`${name}, ${size} clients: ${what}, p50`]: { value: values.p50, unit: 'ms' },
    [`${name}, ${size} clients: ${what}, p95`]: {
      value: values.p95,
      unit: 'ms',
      ...(bound && what === 'edit to peer' && { atMost: bound }),
    },
    [`${name}, ${size} clients: ${what}, p99`]: { value: values.p99, unit: 'ms' },
  });
  return {
    ...of('edit to peer', toPeer),
    ...(toAcknowledgement.count > 0 && of('edit to durable acknowledgement', toAcknowledgement)),
  };
}

export async function run(say) {
  // One person stands for a fifth of a class here: the limits for a person are not what is measured.
  process.env.COLLAB_MESSAGES_PER_MINUTE = '1000000';
  process.env.COLLAB_OPEN_DOCUMENTS = '10000';
  process.env.FILE_OPERATIONS_PER_MINUTE = '1000000';
  const product = new Product();
  const metrics = {};
  let yardstick;
  try {
    say('starting the product and the yardstick');
    await product.start();
    yardstick = await started('memory-server.mjs');
    const address = yardstick.message.address.replace('http', 'ws');
    for (const size of SIZES) {
      const count = size / IN_ROOM;
      say(`${size} clients, in memory only`);
      const urls = Array.from({ length: count }, (_, n) => Array(IN_ROOM).fill(`${address}/room-${size}-${n}`));
      const bare = await load(urls, () => [[yardstick.child.pid]]);
      say(`${size} clients, every edit durable`);
      const rooms = await product.rooms(count);
      const bytes = await product.storedBytes();
      const own = await load(rooms, () => [[product.api], product.postgres()]);
      const stored = (await product.storedBytes()) - bytes;
      const perThousand = ({ cpu, updates }) => (cpu / updates) * 1000;
      const [ofApi, ofPostgres] = own.spent.map((cpu) => perThousand({ cpu, updates: own.updates }));
      Object.assign(metrics, latencies('memory only', size, bare), latencies('Palimpsest', size, own), {
        [`${size} clients: updates`]: { value: own.updates / SECONDS, unit: 'updates/s' },
        [`${size} clients: rooms that differ, connections refused`]: {
          value: own.different + own.refused,
          unit: 'rooms',
          atMost: 0,
        },
        [`memory only, ${size} clients: CPU`]: { value: perThousand(bare), unit: 's/1,000 updates' },
        [`Palimpsest with Postgres, ${size} clients: CPU`]: { value: perThousand(own), unit: 's/1,000 updates' },
        [`of it the api, ${size} clients`]: { value: ofApi, unit: 's/1,000 updates' },
        [`of it Postgres, ${size} clients`]: { value: ofPostgres, unit: 's/1,000 updates' },
        [`${size} clients: CPU, to memory only`]: {
          value: perThousand(own) / perThousand(bare),
          unit: 'times',
          atMost: 2,
        },
        [`${size} clients: stored for a typed character`]: { value: stored / own.total, unit: 'bytes', atMost: 250 },
      });
    }
    if (!process.env.BENCH_COLLAB_CLIENTS) Object.assign(metrics, await memory(product, say));
    return metrics;
  } finally {
    yardstick?.child.removeAllListeners('exit');
    yardstick?.child.kill();
    await product.stop();
  }
}
