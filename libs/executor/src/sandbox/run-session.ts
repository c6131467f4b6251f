/**
 * One run of a student's program: a PTY, bubblewrap in it, Python in that.
 *
 * Theory of operation. The process that the PTY starts is a shell of three lines (LAUNCHER), which joins the run's cgroup and
 * becomes bubblewrap, so one pid stands for the whole run: SIGKILL to it ends the PID namespace and with it every process
 * inside, whatever they ignore and wherever they went. Nothing gentler is ever used.
 *
 * A session has one end. Whoever decides first that it must end (a limit, a person, the executor's stop) sets `#verdict` and
 * kills; if nobody does, the exit status tells (outcome.ts). `ended` resolves when the process is gone, the last output has
 * been handed over, and pipe and cgroup are removed.
 *
 * Output flows to `onOutput` as it comes. `pause` leaves it in the kernel, whose buffer fills, which stops the program in its
 * write(): that is the back-pressure. But a PTY that nobody reads does not tell that its last process is gone, and node-pty
 * throws away what it holds 200 ms after the exit: so the end of the hint pipe, which only processes inside hold open, ends
 * any pause. What is then still to come is at most the kernel's buffer. A program that closes the pipe early only gives up
 * its own pauses; the cap on output holds all the same.
 *
 * Limits: wall time by timers, one for the script, one for the console after it. CPU and memory by readings (meter.ts), four
 * a second. A console that used no CPU time between two readings pauses.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn, type IPty } from '@lydell/node-pty';
import type { RunMode, RunOutcome, RunUsage, ScriptEnd } from '@palimpsest/domain';
import { BUBBLEWRAP, bubblewrapArguments, LAUNCHER } from './arguments.js';
import type { RunCgroup } from './cgroup.js';
import { HintPipe, type Hint } from './hint-pipe.js';
import type { RunLimits } from './limits.js';
import { meterOf, type Meter, type Reading } from './meter.js';
import { outcomeOf } from './outcome.js';
import { firstChild, isAlive, type ProcessId } from './process-tree.js';
import { removeFolder } from './remove-folder.js';
import type { Sandbox } from './sandbox.js';
import { TerminalInput } from './terminal-input.js';

export interface SessionOptions {
  /** Names the run's cgroup: no other run may have the same. */
  readonly id: string;
  /** The run's own folder. Holds the folder `workspace`; the session adds its pipe. Removed at the end, with all in it. */
  readonly folder: string;
  readonly mode: RunMode;
  /** Path of the script in the workspace; null in mode `repl`. */
  readonly entry: string | null;
  readonly limits: RunLimits;
  readonly columns: number;
  readonly rows: number;
  /** Bytes as the terminal gave them: a character may be cut in two. */
  onOutput(bytes: Buffer): void;
  /** The script has ended (null: there was none) and the console begins. At most once; a hint, not a fact. */
  onPrompt(script: ScriptEnd | null): void;
  /**
   * The console pauses: it has come to rest after its first prompt, and again each time after it was busy. The workspace, a
   * folder of the host, may change again at any moment.
   */
  onPause?(workspace: string): void;
  /**
   * No process of the run is left, and the workspace is as the program left it: hostile. The folder is removed, and `ended`
   * resolves, when this does. A rejection is logged and changes nothing.
   */
  onEnded?(workspace: string): Promise<void>;
}

export interface SessionEnd {
  readonly outcome: RunOutcome;
  readonly usage: RunUsage;
}

/** Milliseconds between two readings. */
const READING_MS = 250;
/** Milliseconds until the kernel has ended every process of a run whose first one is gone, at most. */
const LAST_PROCESS_MS = 5000;
/** Milliseconds for the last hints to arrive after the exit: they are in the kernel already. */
const PIPE_END_MS = 500;
/** Bytes of output kept to explain a sandbox that did not start. */
const LAST_OUTPUT_BYTES = 1024;

export class RunSession {
  /** Resolves when nothing of the run is left: no process, no cgroup, no folder. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #sandbox: Sandbox;
  readonly #options: SessionOptions;
  #resolveEnded!: (end: SessionEnd) => void;

  #pty!: IPty;
  #input!: TerminalInput;
  #meter!: Meter;
  #pipe: HintPipe | undefined;
  #cgroup: RunCgroup | null = null;
  #wall: NodeJS.Timeout | undefined;
  #nextReading: NodeJS.Timeout | undefined;

  #startedAt = performance.now();
  #outputBytes = 0;
  #lastOutput = '';
  #begun = false;
  #orderly = false;
  #inRepl = false;
  #gone = false;
  #paused = false;
  #mayPause = true;
  /** CPU time at the last reading, and whether the console was busy since it paused last. */
  #cpuMs = 0;
  #busy = true;
  #init: ProcessId | undefined;
  #verdict: RunOutcome | undefined;

  private constructor(sandbox: Sandbox, options: SessionOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Starts the program. Rejects only if the system refuses even to try; then, too, nothing is left. */
  static async start(sandbox: Sandbox, options: SessionOptions): Promise<RunSession> {
    const session = new RunSession(sandbox, options);
    try {
      await session.#open();
    } catch (error) {
      await session.#dispose();
      throw error;
    }
    session.#limitWallTime(options.limits.scriptSeconds);
    session.#scheduleReading();
    return session;
  }

  /** Whether the script has ended and the console waits for a person. A hint, as `onPrompt`. */
  get isPrompt(): boolean {
    return this.#inRepl && !this.#gone;
  }

  /** The outermost process: all others are below it. */
  get pid(): number {
    return this.#pty.pid;
  }

  /** Milliseconds since the start, on a clock that does not jump. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Stops reading: the program is held up in its next write once the kernel's buffer is full. */
  pause(): void {
    if (!this.#mayPause || this.#paused) return;
    this.#paused = true;
    this.#pty.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#pty.resume();
  }

  /** What a person typed. Dropped when 64 KB wait for a program that does not read. */
  write(text: string): void {
    this.#input.write(text);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#input.writeFirst('\x03');
  }

  resize(columns: number, rows: number): void {
    if (!this.#gone) this.#pty.resize(columns, rows);
  }

  /** Ends every process of the run, which then ended so. The first reason counts. `ended` tells when that is done. */
  stop(outcome: RunOutcome): void {
    if (this.#gone) return;
    this.#verdict ??= outcome;
    this.#noteInit();
    this.#pty.kill('SIGKILL');
    this.#endPauses();
  }

  async #open(): Promise<void> {
    const { id, folder, limits, columns, rows } = this.#options;
    const workspace = this.#workspace;
    await mkdir(workspace, { recursive: true });
    this.#pipe = await HintPipe.create(this.#sandbox, join(folder, 'hints'), (hint) => this.#onHint(hint));
    this.#cgroup = this.#sandbox.cgroups?.create(id, limits) ?? null;
    this.#startedAt = performance.now();
    const options = { name: 'xterm-256color', cwd: '/', env: { PATH: '/usr/bin:/bin' }, encoding: null };
    this.#pty = spawn('/bin/sh', this.#command(workspace), { ...options, cols: columns, rows });
    this.#input = new TerminalInput(masterOf(this.#pty));
    this.#meter = meterOf(this.#pty.pid, this.#cgroup, limits);
    // With `encoding: null` node-pty gives Buffers, which its types do not know.
    this.#pty.onData((data: string | Buffer) => this.#onOutput(Buffer.from(data as Buffer)));
    void this.#pipe.closed.then(() => this.#endPauses());
    this.#pty.onExit(({ exitCode, signal }) => void this.#onExit(exitCode, signal ?? 0));
  }

  #command(workspace: string): string[] {
    const { files, runAs } = this.#sandbox;
    const identity =
      runAs === null
        ? []
        : ['/usr/bin/setpriv', `--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--clear-groups', '--inh-caps=-all'];
    return [
      ...['-c', LAUNCHER, 'launcher', this.#pipe?.path ?? '', join(files, 'seccomp.bpf')],
      ...(this.#cgroup?.folders ?? []),
      ...['--', ...identity, BUBBLEWRAP, ...bubblewrapArguments({ files, workspace }, this.#options)],
    ];
  }

  #onHint(hint: Hint): void {
    if (hint.kind === 'started') {
      this.#begun = true;
      this.#noteInit();
    } else if (hint.kind === 'ending') this.#orderly = true;
    else if (!this.#inRepl) {
      this.#inRepl = true;
      this.#limitWallTime(this.#options.limits.replSeconds);
      this.#options.onPrompt(hint.script);
    }
  }

  #onOutput(bytes: Buffer): void {
    const rest = this.#options.limits.outputBytes - this.#outputBytes;
    const taken = bytes.subarray(0, Math.max(rest, 0));
    this.#outputBytes += taken.length;
    if (!this.#begun) this.#lastOutput = (this.#lastOutput + taken.toString('latin1')).slice(-LAST_OUTPUT_BYTES);
    if (taken.length > 0) this.#options.onOutput(taken);
    if (bytes.length > rest) this.stop({ kind: 'output-limit', limitBytes: this.#options.limits.outputBytes });
  }

  #limitWallTime(seconds: number): void {
    clearTimeout(this.#wall);
    this.#wall = setTimeout(() => this.stop({ kind: 'timed-out', limit: 'wall', seconds }), seconds * 1000);
  }

  #scheduleReading(): void {
    this.#nextReading = setTimeout(() => this.#read(), READING_MS);
  }

  #read(): void {
    const { limits } = this.#options;
    const reading = this.#meter.read();
    if (reading.outOfMemory) this.stop({ kind: 'out-of-memory', limitBytes: limits.memoryBytes });
    if (reading.cpuMs >= limits.cpuSeconds * 1000)
      this.stop({ kind: 'timed-out', limit: 'cpu', seconds: limits.cpuSeconds });
    this.#noteInit();
    this.#notePause(reading.cpuMs);
    if (!this.#gone) this.#scheduleReading();
  }

  #notePause(cpuMs: number): void {
    const used = cpuMs > this.#cpuMs;
    this.#cpuMs = cpuMs;
    if (!this.#inRepl || used) this.#busy = true;
    else if (this.#busy) {
      this.#busy = false;
      this.#options.onPause?.(this.#workspace);
    }
  }

  get #workspace(): string {
    return join(this.#options.folder, 'workspace');
  }

  /** The sandbox's process 1, with which every process of the run ends. It is there once bubblewrap has made it. */
  #noteInit(): void {
    this.#init ??= firstChild(this.#pty.pid);
  }

  #endPauses(): void {
    this.#mayPause = false;
    this.resume();
  }

  async #onExit(status: number, signal: number): Promise<void> {
    this.#gone = true;
    const wallMs = Math.round(this.elapsedMs);
    const reading = this.#meter.read();
    // What the program said last may still be in the pipe; the timeout is for a launcher that never opened it.
    await Promise.race([this.#pipe?.closed, sleep(PIPE_END_MS, undefined, { ref: false })]);
    const outcome = this.#verdict ?? this.#outcome(status, signal, reading);
    await this.#lastProcessGone();
    await this.#options.onEnded?.(this.#workspace).catch((error: unknown) => this.#complain('end', error));
    // What cannot be tidied up is for the log of the process: it must not hide what the program did.
    await this.#dispose().catch((error: unknown) => this.#complain('not tidied up', error));
    this.#resolveEnded({ outcome, usage: this.#usage(wallMs, reading) });
  }

  #complain(what: string, error: unknown): void {
    console.error(`run ${this.#options.id}: ${what}:`, error);
  }

  /** Bubblewrap's outer process is gone a moment before the kernel has ended those inside. */
  async #lastProcessGone(): Promise<void> {
    const deadline = performance.now() + LAST_PROCESS_MS;
    while (this.#init !== undefined && isAlive(this.#init) && performance.now() < deadline) await sleep(2);
  }

  #outcome(status: number, signal: number, reading: Reading): RunOutcome {
    const known = { begun: this.#begun, orderly: this.#orderly, lastOutput: this.#lastOutput };
    return outcomeOf({ status, signal, reading, limits: this.#options.limits, ...known });
  }

  #usage(wallMs: number, { cpuMs, peakMemoryBytes }: Reading): RunUsage {
    return {
      wallMs,
      cpuMs: Math.round(cpuMs),
      outputBytes: this.#outputBytes,
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
    };
  }

  async #dispose(): Promise<void> {
    clearTimeout(this.#wall);
    clearTimeout(this.#nextReading);
    this.#input?.close();
    await this.#pipe?.dispose();
    // Each is tried, even if another fails.
    const steps = await Promise.allSettled([this.#cgroup?.remove(), removeFolder(this.#options.folder)]);
    const failed = steps.find((step) => step.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/** The PTY's descriptor: node-pty has it, its types do not. */
function masterOf(pty: IPty): number {
  return (pty as IPty & { readonly fd: number }).fd;
}
