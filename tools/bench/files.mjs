/**
 * File operations through the public API, in one run at 120 and at 1,200 a minute: create, rename, read, upload of 100 kB and
 * delete in turn, each by a student with a workspace of their own, as many students as the limit of 100 operations a minute
 * asks for. Latency is from the moment at which the operation was due, so that a server that falls behind is seen. About
 * two and a half minutes; PALIMPSEST_BENCH_SECONDS shortens each rate.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from './event-store-faults/api-client.mjs';
import { Installation } from './event-store-faults/installation.mjs';
import { makeStudents } from './runs/people.mjs';

const RATES = [120, 1_200];
/** Of a minute, as the product has it; some room, since its windows are fixed. */
const MOST_EACH = 80;
const SECONDS = Number(process.env.PALIMPSEST_BENCH_SECONDS ?? 60);
const UPLOAD_BYTES = 100_000;
/** Milliseconds. */
const MOST_P95 = 200;
const KINDS = ['create', 'rename', 'read', 'upload', 'delete'];

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

class Student {
  #turn = 0;
  #file;

  constructor(client, address, workspace) {
    Object.assign(this, { client, address, workspace });
  }

  /** Carries out the next operation. Resolves with its kind. */
  async next() {
    const kind = KINDS[this.#turn % KINDS.length];
    const round = Math.floor(this.#turn++ / KINDS.length);
    const base = `/api/workspaces/${this.workspace}`;
    switch (kind) {
      case 'create':
        this.#file = await this.#ask('POST', `${base}/files`, { path: `made-${round}.py`, text: 'print(1)\n' });
        // What the page does as well: it looks at the list that has what was made.
        await this.#ask('GET', `${base}?after=${encodeURIComponent(this.#file.position)}`);
        break;
      case 'rename':
        await this.#ask('PATCH', `${base}/files/${this.#file.id}`, { path: `renamed-${round}.py` });
        break;
      case 'read':
        await this.#ask('GET', `${base}/files/${this.#file.id}/content`);
        break;
      case 'upload':
        await this.#ask('PUT', `${base}/content?path=upload-${round}.bin`, randomBytes(UPLOAD_BYTES));
        break;
      case 'delete':
        await this.#ask('DELETE', `${base}/files/${this.#file.id}`);
        break;
    }
    return kind;
  }

  async #ask(method, path, body) {
    const isBytes = Buffer.isBuffer(body);
    const response = await fetch(`${this.address}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.client.token}`,
        ...(body !== undefined && { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
  }
}

/** `rate` operations a minute, spread evenly in time and over the students. */
async function measure(students, rate) {
  const found = [];
  let failures = 0;
  const begin = performance.now();
  const count = Math.round((rate * SECONDS) / 60);
  const queues = students.map(() => Promise.resolve());
  for (let n = 0; n < count; n++) {
    const due = begin + (n * 60_000) / rate;
    await pause(Math.max(0, due - performance.now()));
    const who = n % students.length;
    // The operations of one student come one after the other.
    queues[who] = queues[who].then(async () => {
      try {
        const kind = await students[who].next();
        found.push({ kind, ms: performance.now() - due });
      } catch (error) {
        if (failures++ === 0) console.error(String(error));
      }
    });
  }
  await Promise.all(queues);
  return { found, failures };
}

export async function run(say) {
  const installation = new Installation();
  await installation.start();
  try {
    const account = installation.accounts.find(({ role }) => role === 'student');
    const first = await ApiClient.signIn(installation.address, account, { unanswered: 0 });
    const { body: courses } = await first.request('GET', 'courses');
    const metrics = {};
    for (const [n, rate] of RATES.entries()) {
      const count = Math.ceil(rate / MOST_EACH);
      const made = await makeStudents(installation.databaseUrl, {
        ...{ count, course: courses[0].id, path: 'main.py', text: 'print(1)\n', prefix: `rate${n}student` },
      });
      const students = [];
      for (const student of made) {
        const client = await ApiClient.signIn(installation.address, student, { unanswered: 0 });
        students.push(new Student(client, installation.address, student.workspace));
      }
      say(`${rate} operations a minute by ${count} students, ${SECONDS} s`);
      const { found, failures } = await measure(students, rate);
      const of = (kind) => found.filter((one) => kind === undefined || one.kind === kind).map(({ ms }) => ms);
      const p95 = (kind) =>
        percentile(
          of(kind).sort((a, b) => a - b),
          0.95,
        );
      const name = `${rate} a minute`;
      metrics[`${name}: all, p50`] = {
        value: percentile(
          of().sort((a, b) => a - b),
          0.5,
        ),
        unit: 'ms',
      };
      metrics[`${name}: all, p95`] = { value: p95(), unit: 'ms', atMost: MOST_P95 };
      for (const kind of KINDS) metrics[`${name}: ${kind}, p95`] = { value: p95(kind), unit: 'ms' };
      metrics[`${name}: failures`] = { value: failures, unit: 'operations', atMost: 0 };
    }
    return metrics;
  } finally {
    await installation.stop();
  }
}
