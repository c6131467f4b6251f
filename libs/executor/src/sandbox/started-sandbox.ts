/**
 * A sandbox that has been started up to the point at which Python waits for its orders: which program, under which limits.
 *
 * Theory of operation. The process that the PTY starts is a shell of a few lines (LAUNCHER), which joins the sandbox's own
 * cgroup and becomes bubblewrap, so one pid stands for everything: SIGKILL to it ends the PID namespace and with it every
 * process inside, whatever they ignore and wherever they went. Nothing gentler is ever used.
 *
 * Two named pipes lead inside, both of them outside of everything that is bound into the sandbox. The orders travel in one,
 * once: boot.py reads them and closes its end before the program's first line, this side closes as soon as it hears of that.
 * The other brings hints. A sandbox is used once: whoever gets it owns it until `dispose`.
 *
 * Every run starts this way, whether its sandbox waited for it (sandbox-pool.ts) or was started for it, so that there is one
 * way to test. What the waiting has cost is no run's: readings before the orders are subtracted by the run session.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn, type IPty } from '@lydell/node-pty';
import type { RestrictedModule, RunMode } from '@palimpsest/domain';
import { BUBBLEWRAP, bubblewrapArguments, LAUNCHER } from './arguments.js';
import type { RunCgroup } from './cgroup.js';
import { HintPipe, type Hint } from './hint-pipe.js';
import { addressSpace, type RunLimits } from './limits.js';
import { firstChild, isAlive, type ProcessId } from './process-tree.js';
import { removeFolder } from './remove-folder.js';
import { handOver, type Sandbox } from './sandbox.js';

export interface SandboxStart {
  /** Names the cgroup: no other sandbox may have the same. */
  readonly id: string;
  /** The sandbox's own folder, new or empty but for an empty folder `workspace`. Removed at the end, with all in it. */
  readonly folder: string;
  /** What the cgroup allows until the orders come. */
  readonly limits: RunLimits;
}

/** What Python waits for. */
export interface Orders {
  readonly mode: RunMode;
  /** Path of the script in the workspace; null in mode `repl`. */
  readonly entry: string | null;
  readonly limits: RunLimits;
  /** What the course refuses to the student's own code (_palimpsest/guard.py). */
  readonly refused?: readonly RestrictedModule[];
  readonly columns: number;
  readonly rows: number;
}

/** How bubblewrap's outermost process ended. */
export interface Exit {
  readonly status: number;
  readonly signal: number;
}

/** Who is told what comes out of the sandbox. */
export interface Listener {
  onOutput(bytes: Buffer): void;
  onHint(hint: Hint): void;
}

/** Milliseconds until the kernel has ended every process of a sandbox whose first one is gone, at most. */
const LAST_PROCESS_MS = 5000;
/** Bytes of output kept to explain a sandbox that did not start. */
const LAST_OUTPUT_BYTES = 1024;

export class StartedSandbox {
  readonly id: string;
  readonly startedAt = performance.now();
  /** Whether Python waits for its orders: false once the sandbox has ended before it did. */
  readonly ready: Promise<boolean>;
  /** Resolves when the outermost process is gone and its last output has been handed over. */
  readonly exited: Promise<Exit>;
  readonly #sandbox: Sandbox;
  #folder: string;
  #pty!: IPty;
  #hints!: HintPipe;
  #orders: number | undefined;
  #cgroup: RunCgroup | null = null;
  #init: ProcessId | undefined;
  #limits: RunLimits;
  #listener: Listener | undefined;
  #said = '';
  #gone = false;
  #resolveReady!: (ready: boolean) => void;
  #resolveExited!: (exit: Exit) => void;

  private constructor(sandbox: Sandbox, { id, folder, limits }: SandboxStart) {
    this.#sandbox = sandbox;
    this.id = id;
    this.#folder = folder;
    this.#limits = limits;
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve));
    this.exited = new Promise((resolve) => (this.#resolveExited = resolve));
  }

  /** Rejects only if the system refuses even to try; then nothing is left. */
  static async start(sandbox: Sandbox, start: SandboxStart): Promise<StartedSandbox> {
    const started = new StartedSandbox(sandbox, start);
    try {
      await started.#open();
    } catch (error) {
      await started.dispose();
      throw error;
    }
    return started;
  }

  get folder(): string {
    return this.#folder;
  }

  /** The one folder that the program can write, on the host. */
  get workspace(): string {
    return join(this.#folder, 'workspace');
  }

  /** The outermost process: all others are below it. */
  get pid(): number {
    return this.#pty.pid;
  }

  get pty(): IPty {
    return this.#pty;
  }

  get cgroup(): RunCgroup | null {
    return this.#cgroup;
  }

  /** Resolves when no process has the pipe of the hints open any more. */
  get hintsClosed(): Promise<void> {
    return this.#hints.closed;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  /** The end of what came out before anybody listened: bubblewrap's complaint, if it could not start. */
  get said(): string {
    return this.#said;
  }

  /** The sandbox's process 1 as the host sees it; undefined before it is there. */
  get init(): ProcessId | undefined {
    return (this.#init ??= this.#gone ? undefined : firstChild(this.#pty.pid));
  }

  /**
   * Gives the folder another name in the same file system, as soon as it is bound in the sandbox, where it stays the same.
   * One that has ended keeps its name.
   */
  async moveTo(folder: string): Promise<void> {
    if (!(await this.ready)) return;
    await rename(this.#folder, folder);
    this.#folder = folder;
  }

  /** Gives a file or folder of the workspace to the user as whom the program runs. */
  handOver(path: string): Promise<void> {
    return handOver(this.#sandbox, path);
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Lets Python go. Once; the orders that follow are nobody's. Throws if the kernel refuses the limits. */
  order(orders: Orders): void {
    if (this.#orders === undefined || this.#gone) return;
    if (orders.limits !== this.#limits) this.#cgroup?.limit(orders.limits);
    this.#pty.resize(orders.columns, orders.rows);
    writeSync(this.#orders, encodeOrders(orders));
  }

  kill(): void {
    if (this.#gone) return;
    void this.init; // while it can be found
    this.#pty.kill('SIGKILL');
  }

  /** Bubblewrap's outer process is gone a moment before the kernel has ended those inside. */
  async lastProcessGone(): Promise<void> {
    const deadline = performance.now() + LAST_PROCESS_MS;
    while (this.#init !== undefined && isAlive(this.#init) && performance.now() < deadline) await sleep(2);
  }

  /** Ends everything that is left and removes it: processes, pipes, cgroup, folder. */
  async dispose(): Promise<void> {
    if (this.#pty !== undefined && !this.#gone) {
      this.kill();
      await this.exited;
      await this.lastProcessGone();
    }
    this.#closeOrders();
    this.#hints?.close();
    // Each is tried, even if another fails.
    const steps = await Promise.allSettled([this.#cgroup?.remove(), removeFolder(this.#folder)]);
    const failed = steps.find((step) => step.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #open(): Promise<void> {
    const pipes = { hints: join(this.#folder, 'hints'), orders: join(this.#folder, 'orders') };
    await mkdir(this.workspace, { recursive: true, mode: 0o755 });
    for (const path of [this.#folder, this.workspace]) await handOver(this.#sandbox, path);
    await this.#sandbox.pipes.take(Object.values(pipes));
    for (const path of Object.values(pipes)) await handOver(this.#sandbox, path);
    this.#hints = new HintPipe(pipes.hints, (hint) => this.#onHint(hint));
    // For reading as well: opening then waits for nobody, and what is written stays until the other end is opened.
    this.#orders = openSync(pipes.orders, constants.O_RDWR | constants.O_NONBLOCK);
    this.#cgroup = this.#sandbox.cgroups?.create(this.id, this.#limits) ?? null;
    const options = { name: 'xterm-256color', cwd: '/', env: { PATH: '/usr/bin:/bin' }, encoding: null };
    this.#pty = spawn('/bin/sh', this.#command(pipes), { ...options, cols: 80, rows: 24 });
    // With `encoding: null` node-pty gives Buffers, which its types do not know.
    this.#pty.onData((data: string | Buffer) => this.#onOutput(Buffer.from(data as Buffer)));
    this.#pty.onExit(({ exitCode, signal }) => {
      this.#gone = true;
      this.#resolveReady(false);
      this.#resolveExited({ status: exitCode, signal: signal ?? 0 });
    });
  }

  #command(pipes: { readonly hints: string; readonly orders: string }): string[] {
    const { files, runAs } = this.#sandbox;
    const identity =
      runAs === null
        ? []
        : ['/usr/bin/setpriv', `--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--clear-groups', '--inh-caps=-all'];
    return [
      ...['-c', LAUNCHER, 'launcher', pipes.orders, pipes.hints, join(files, 'seccomp.bpf')],
      ...(this.#cgroup?.folders ?? []),
      ...['--', ...identity, BUBBLEWRAP, ...bubblewrapArguments({ files, workspace: this.workspace })],
    ];
  }

  #onOutput(bytes: Buffer): void {
    if (this.#listener) return this.#listener.onOutput(bytes);
    this.#said = (this.#said + bytes.toString('latin1')).slice(-LAST_OUTPUT_BYTES);
  }

  #onHint(hint: Hint): void {
    void this.init;
    if (hint.kind === 'ready') return this.#resolveReady(true);
    if (hint.kind === 'started') this.#closeOrders();
    this.#listener?.onHint(hint);
  }

  #closeOrders(): void {
    if (this.#orders !== undefined) closeSync(this.#orders);
    this.#orders = undefined;
  }
}

/** Fields that end with a zero byte, which no path can contain; one more ends the orders. */
export function encodeOrders({ mode, entry, limits, refused = [] }: Orders): Buffer {
  const { dataBytes, totalBytes } = addressSpace(limits);
  const numbers = [limits.processes, limits.cpuSeconds, limits.fileBytes, dataBytes, totalBytes];
  const fields = [
    ...[mode, ...numbers.map((number) => String(Math.ceil(number)))],
    refused.length === 0 ? '-' : refused.join(','),
    ...(entry === null ? [] : [entry]),
  ];
  return Buffer.from(`${fields.join('\0')}\0\0`, 'utf8');
}
