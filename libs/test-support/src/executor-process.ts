import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'libs/executor/dist/main.js');

/** How long one that is to be refused may take, milliseconds. */
const REFUSAL_MS = 20_000;

/** A real executor: the built program in a process of its own, as the supervisor starts it. */
export class ExecutorProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | string>;
  #said = '';

  private constructor(name: string, environment: Readonly<Record<string, string>>, before: readonly string[] = []) {
    this.name = name;
    // Jest's own settings must not reach it.
    const { NODE_OPTIONS: _, NODE_ENV: __, JEST_WORKER_ID: ___, ...inherited } = process.env;
    const [command = '', ...words] = [...before, process.execPath, '--enable-source-maps', MAIN];
    this.#child = spawn(command, words, {
      env: { ...inherited, EXECUTOR_NAME: name, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    this.#ended = new Promise((done) => this.#child.once('close', (code, signal) => done(code ?? signal ?? 'gone')));
  }

  /** Compiles the executor, which costs a second when nothing has changed: a test must not try yesterday's program. */
  static async build(): Promise<void> {
    await promisify(execFile)(
      process.execPath,
      [join(ROOT, 'node_modules/typescript-7/bin/tsc'), '-b', 'libs/executor'],
      {
        cwd: ROOT,
      },
    );
  }

  /** Resolves when it is ready. Rejects with what it said if it ends before. `before`: a command that becomes the executor. */
  static async start(
    name: string,
    environment: Readonly<Record<string, string>>,
    before: readonly string[] = [],
  ): Promise<ExecutorProcess> {
    const executor = new ExecutorProcess(name, environment, before);
    await new Promise<void>((ready, fail) => {
      executor.#child.on('message', (message: { type?: string }) => message.type === 'ready' && ready());
      void executor.#ended.then((how) => fail(new Error(`executor ${name} ended with ${how}: ${executor.#said}`)));
    });
    return executor;
  }

  /** Runs one that is expected not to start. Resolves with its exit code and what it said. */
  static async refused(
    name: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | string; readonly said: string }> {
    const executor = new ExecutorProcess(name, environment);
    executor.#child.on('message', () => executor.#child.kill('SIGKILL')); // it did start
    const late = setTimeout(() => executor.#child.kill('SIGKILL'), REFUSAL_MS);
    const code = await executor.#ended;
    clearTimeout(late);
    return { code, said: executor.#said.trim() };
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it wrote to its standard output and error. */
  get said(): string {
    return this.#said;
  }

  /** SIGSTOP and, later, SIGCONT: it is there and does nothing, as on a machine that swaps. */
  async pauseWhile(work: () => Promise<void>): Promise<void> {
    this.#child.kill('SIGSTOP');
    await work().finally(() => this.#child.kill('SIGCONT'));
  }

  /** SIGKILL, as the kernel does when memory is short. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGTERM. Resolves with its exit code. */
  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }

  /** Ids of the processes in its control groups: of its runs, wherever they have gone. Empty where there are no groups. */
  get sandboxed(): number[] {
    const group = `/palimpsest-${this.name}/`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cgroup`).includes(group))
      .map(Number);
  }

  /** Folders of control groups of its runs that are there. */
  get groups(): string[] {
    const mounts = textOf('/proc/self/mountinfo')
      .split('\n')
      .filter((line) => / - cgroup2? /.test(line))
      .map((line) => line.split(' ')[4] ?? '');
    const own = textOf('/proc/self/cgroup')
      .split('\n')
      .map((line) => line.split(':').slice(2).join(':'));
    const parents = mounts.flatMap((mount) =>
      [...own, '/'].map((path) => join(mount, path, `palimpsest-${this.name}`)),
    );
    return [...new Set(parents)].filter(existsSync).flatMap((parent) =>
      readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== 'executor')
        .map((entry) => join(parent, entry.name)),
    );
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
