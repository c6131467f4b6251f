import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readSecrets } from '../tools/installation.mjs';
import { runtimeFolder, socketUrl, SUPERUSER } from '../tools/postgres.mjs';

const ROOT = resolve(import.meta.dirname, '..');

export interface Account {
  readonly username: string;
  readonly password: string;
  readonly role: string;
}

/** Ids of a process and everything below it, children last. */
function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // gone in the meantime
    }
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) for (const [child, parent] of parents) if (parent === tree[i]) tree.push(child);
  return tree;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\u0000', ' ');
  } catch {
    return '';
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** SIGKILL; what has ended by itself meanwhile needs none. */
function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A browser that is driven by a program runs more in a minute than a person. */
const UNHURRIED = { RUNS_PER_MINUTE: '10000', STAFF_RUNS_PER_MINUTE: '10000' };

/** A whole installation, started as a user starts it: `npm start` on a data folder of its own and a free port. */
export class Installation {
  readonly data = mkdtempSync(join(tmpdir(), 'palimpsest-e2e-'));
  address = '';
  /** EVENTSTORE_URL of its processes. Undefined: the log is in its Postgres. */
  eventStoreUrl: string | undefined;
  /** REDIS_URL of its processes. Undefined: the queue is in its Postgres. */
  redisUrl: string | undefined;
  /** Further variables of the environment. */
  settings: Readonly<Record<string, string>> = {};
  output = '';
  #supervisor: ChildProcess | undefined;

  /** The port stays the same over restarts, as it does for people. */
  async start(): Promise<void> {
    const port = this.address === '' ? '0' : new URL(this.address).port;
    const args = ['tools/start.mjs', '--data', this.data, '--port', port, '--host', '127.0.0.1'];
    const supervisor = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment({ EVENTSTORE_URL: this.eventStoreUrl, REDIS_URL: this.redisUrl }),
        ...UNHURRIED,
        ...this.settings,
      },
    });
    this.#supervisor = supervisor;
    for (const stream of [supervisor.stdout, supervisor.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    const before = this.output.length;
    this.address = await new Promise<string>((ready, fail) => {
      supervisor.stdout.on('data', () => {
        const address = /ready: (http:\S+)/.exec(this.output.slice(before))?.[1];
        if (address) ready(address);
      });
      supervisor.once('exit', (code) => fail(new Error(`npm start ended with ${code}:\n${this.output}`)));
    });
  }

  get accounts(): readonly Account[] {
    return JSON.parse(readFileSync(join(this.data, 'first-accounts.json'), 'utf8')) as Account[];
  }

  /** Connection string of the owner of its Postgres, while it runs. */
  get ownerUrl(): string {
    const { owner } = readSecrets(this.data) as { owner: string };
    return socketUrl(join(runtimeFolder(this.data), 's'), SUPERUSER, owner, 'postgres');
  }

  /** SIGKILL for every process at once, as a power cut would. Returns when none is left. */
  async kill(): Promise<void> {
    const tree = processTree(this.#supervisor?.pid ?? 0);
    for (const pid of tree) killed(pid);
    while (tree.some(alive)) await new Promise((done) => setTimeout(done, 20));
  }

  /** SIGKILL for the one process whose command line matches, as the kernel does when memory is short. */
  async killOne(pattern: RegExp): Promise<void> {
    const pid = processTree(this.#supervisor?.pid ?? 0).find((candidate) => pattern.test(commandLine(candidate)));
    if (pid === undefined) throw new Error(`no process matches ${String(pattern)}`);
    process.kill(pid, 'SIGKILL');
    while (alive(pid)) await new Promise((done) => setTimeout(done, 20));
  }

  /** Ctrl-C. Returns the processes that outlived it, which should be none. */
  async stop(): Promise<number[]> {
    const supervisor = this.#supervisor;
    if (!supervisor?.pid || supervisor.exitCode !== null) return [];
    const tree = processTree(supervisor.pid);
    const gone = new Promise((done) => supervisor.once('exit', done));
    supervisor.kill('SIGINT');
    await gone;
    return tree.filter(alive);
  }

  remove(): void {
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Jest's own settings must not reach the server, nor where the tests are pointed at; undefined leaves a variable out. */
function environment(chosen: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_ENV: __, JEST_WORKER_ID: ___, ...rest } = process.env;
  return { ...rest, ...chosen };
}
