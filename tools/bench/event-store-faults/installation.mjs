/** The whole product on a data folder of its own, and kill -9 for its parts: only for processes below the supervisor started here. */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecrets } from '../../installation.mjs';
import { runtimeFolder } from '../../postgres.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Installation {
  data = mkdtempSync(join(tmpdir(), 'palimpsest-faults-'));
  address = '';
  #output = '';
  #supervisor;

  async start() {
    this.#supervisor = fork(join(import.meta.dirname, 'product.mjs'), [this.data], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout, stderr } = this.#supervisor;
    for (const stream of [stdout, stderr])
      stream.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-8000)));
    this.address = await new Promise((resolve, reject) => {
      this.#supervisor.once('message', ({ address }) => resolve(address));
      this.#supervisor.once('exit', (code) => reject(new Error(`The product ended with ${code}:\n${this.#output}`)));
    });
  }

  /** In order, as after a Ctrl-C; then the folder goes. */
  async stop() {
    const gone = new Promise((resolve) => this.#supervisor.once('exit', resolve));
    if (this.#supervisor.exitCode === null && this.#supervisor.kill('SIGTERM')) await gone;
    rmSync(this.data, { recursive: true, force: true });
  }

  get accounts() {
    return JSON.parse(readFileSync(join(this.data, 'first-accounts.json'), 'utf8'));
  }

  /** The database as the api's role sees it. */
  get databaseUrl() {
    const password = encodeURIComponent(readSecrets(this.data).api);
    const host = encodeURIComponent(join(runtimeFolder(this.data), 's'));
    return `postgres://palimpsest_api:${password}@/postgres?host=${host}`;
  }

  /** The api process. */
  async killApi() {
    await this.#kill(
      this.#children(this.#supervisor.pid).filter((pid) => /apps\/api\/dist\/main/.test(commandLine(pid))),
    );
  }

  /** The first process of Postgres; the others notice and end themselves. */
  async killPostmaster() {
    const postmaster = this.#postmaster();
    await this.#kill([postmaster], this.#children(postmaster));
  }

  /** The process behind one connection: Postgres then ends all the others and recovers by itself. */
  async killBackend() {
    const all = this.#children(this.#postmaster());
    const backends = all.filter((pid) => /postgres: palimpsest_api /.test(commandLine(pid)));
    const one = backends[Math.floor(Math.random() * backends.length)];
    if (one === undefined) throw new Error('Nobody is connected to Postgres.');
    await this.#kill([one], backends);
  }

  /** Every process of Postgres at once: none of them can write anything down. */
  async killPostgres() {
    const postmaster = this.#postmaster();
    await this.#kill([postmaster, ...this.#children(postmaster)]);
  }

  #postmaster() {
    const pid = Number(readFileSync(join(this.data, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    if (!this.#children(this.#supervisor.pid).includes(pid))
      throw new Error(`Process ${pid} is not of this installation.`);
    return pid;
  }

  /** Kills these; resolves when they and those that end with them are gone. */
  async #kill(pids, others = []) {
    if (pids.length === 0) throw new Error('There is nobody to kill.');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    while ([...pids, ...others].some(alive)) await sleep(2);
  }

  #children(parent) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => parentOf(pid) === parent);
  }
}

/** The fields of /proc/<pid>/stat behind the name: state, parent, … Undefined for a process that is gone. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

const parentOf = (pid) => Number(statOf(pid)?.[1]);
const alive = (pid) => !'ZX'.includes(statOf(pid)?.[0] ?? 'X');

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
