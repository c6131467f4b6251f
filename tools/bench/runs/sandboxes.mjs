/** The sandbox without the rest of the product: bare Python beside it, sessions, memory, and the time from Stop to no process. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DEFAULT_LIMITS,
  prepareCgroups,
  prepareSandbox,
  RunSession,
  SandboxPool,
} from '../../../libs/executor/dist/index.js';
import { tree } from '../collab/processes.mjs';

/** As whom programs run when the benchmark is root's. */
const IDENTITY = process.getuid() === 0 ? { uid: 61_190, gid: 61_190 } : null;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds from the start of `python3 -c 'print(1)'` to its output. */
export function barePython() {
  const askedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/python3', ['-c', 'print(1)'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let latency;
    child.stdout.once('data', () => (latency = performance.now() - askedAt));
    child.once('error', reject);
    child.once('exit', () => resolve(latency));
  });
}

export class Sandboxes {
  #folder = mkdtempSync(join(tmpdir(), 'palimpsest-runs-'));
  #cgroups = prepareCgroups(`palimpsest-bench-${process.pid}`, IDENTITY);
  #sandbox;
  #runs = 0;

  async prepare() {
    chmodSync(this.#folder, 0o755);
    this.#sandbox = await prepareSandbox({ folder: this.#folder, cgroups: this.#cgroups, runAs: IDENTITY });
  }

  pool(size) {
    const folder = join(this.#folder, `pool-${this.#runs++}`);
    mkdirSync(folder, { mode: 0o755 });
    return new SandboxPool(this.#sandbox, { folder, size, limits: DEFAULT_LIMITS });
  }

  /** Runs `source` (null: a console) until its first output. */
  async run(pool, source) {
    const askedAt = performance.now();
    const sandbox = await pool.take();
    if (source !== null) writeFileSync(join(sandbox.workspace, 'main.py'), source);
    let first;
    const output = new Promise((resolve) => (first = resolve));
    const session = await RunSession.start(sandbox, {
      ...{ mode: source === null ? 'repl' : 'script', entry: source === null ? null : 'main.py' },
      ...{ limits: DEFAULT_LIMITS, columns: 80, rows: 24 },
      onOutput: () => first(performance.now() - askedAt),
      onPrompt: () => undefined,
    });
    const latency = await output;
    return { session, sandbox, latency };
  }

  async dispose() {
    await this.#cgroups?.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until `count` sandboxes wait. */
export async function filled(pool, count) {
  while (pool.waiting < count) await sleep(5);
}

/** Kilobytes of memory of the processes of a session: all of them, and Python alone. What they share is divided among them. */
export function memoryOf(session) {
  const pids = tree(session.pid);
  const pss = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]));
  return { all: pss.reduce((sum, value) => sum + value, 0), python: pss.at(-1) };
}

/** Milliseconds from Stop until the last process is gone. */
export async function stopped({ session, sandbox }) {
  const { pid } = sandbox.init;
  const askedAt = performance.now();
  session.stop({ kind: 'cancelled' });
  while (isAlive(pid)) await sleep(1);
  const took = performance.now() - askedAt;
  await session.ended;
  return took;
}

function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch {
    return false;
  }
}
