/**
 * One run of a student's program: its sandbox (started-sandbox.ts) from the orders to the end.
 *
 * Theory of operation. A session has one end. Whoever decides first that it must end (a limit, a person, the executor's stop)
 * sets `#verdict` and kills; if nobody does, the exit status tells (outcome.ts). `ended` resolves when the last process is
 * gone, the last output has been handed over, and folder and cgroup are removed.
 *
 * Output flows to `onOutput` as it comes. `pause` leaves it in the kernel, whose buffer fills, which stops the program in its
 * write(): that is the back-pressure. But a PTY that nobody reads does not tell that its last process is gone, and node-pty
 * throws away what it holds 200 ms after the exit: so the end of the hint pipe, which only processes inside hold open, ends
 * any pause. What is then still to come is at most the kernel's buffer. A program that closes the pipe early only gives up
 * its own pauses; the cap on output holds all the same. Who asked for the session may pause, and so does the session itself when
 * output comes faster than `outputBytesPerSecond` for long: a flood costs everybody else a few percent of a core, not half of it.
 *
 * Limits: wall time by timers, one for the script, one for the console after it. The rest by readings, five a second: CPU and
 * memory (meter.ts), less what the sandbox had used before the orders; the workspace (workspace-use.ts), unless the program
 * has not used the CPU since it was measured last; and idleness, which is no CPU time and no input for long. A console that
 * used no CPU time between two readings pauses.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IPty } from '@lydell/node-pty';
import type { RestrictedModule, RunMode, RunOutcome, RunUsage, ScriptEnd } from '@palimpsest/domain';
import type { ErrorReport } from './error-report.js';
import type { Hint } from './hint-pipe.js';
import type { RunLimits } from './limits.js';
import { meterOf, type Meter, type Reading } from './meter.js';
import { outcomeOf } from './outcome.js';
import type { Png } from './png.js';
import { processTree } from './process-tree.js';
import type { Exit, StartedSandbox } from './started-sandbox.js';
import { TerminalInput } from './terminal-input.js';
import { workspaceExcess } from './workspace-use.js';

export interface SessionOptions {
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
  /** What is refused to the student's own code: names of RESTRICTED_MODULES. A guard-rail for learners, no boundary. */
  readonly refused?: readonly RestrictedModule[];
  /** An exception reached the student. A hint, as `onPrompt`. */
  onError?(error: ErrorReport): void;
  /** A plot. Of the program's making, so whatever it likes, but one whole PNG within bounds. */
  onFigure?(figure: Png): void;
}

export interface SessionEnd {
  readonly outcome: RunOutcome;
  readonly usage: RunUsage;
}

/** Milliseconds between two readings. */
const READING_MS = 200;
/** Least milliseconds for which output that comes too fast is held up: each time costs appends, so they are few. */
const HELD_MS = 500;
/** Milliseconds for the last hints to arrive after the exit: they are in the kernel already. */
const PIPE_END_MS = 500;
/** Bytes of output kept to explain a sandbox that did not start. */
const LAST_OUTPUT_BYTES = 1024;

export class RunSession {
  /** Resolves when nothing of the run is left: no process, no cgroup, no folder. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #sandbox: StartedSandbox;
  readonly #options: SessionOptions;
  readonly #input: TerminalInput;
  readonly #meter: Meter;
  readonly #startedAt = performance.now();
  #wall: NodeJS.Timeout | undefined;
  #nextReading: NodeJS.Timeout | undefined;

  #outputBytes = 0;
  #lastOutput: string;
  #begun = false;
  #orderly = false;
  #inRepl = false;
  #gone = false;
  #mayPause = true;
  /** Paused from outside; held up because of its rate; so the PTY is not read. */
  #pauseWanted = false;
  #held: NodeJS.Timeout | undefined;
  #paused = false;
  /** Bytes that may still come at once, as of `#allowanceAt`. */
  #allowance: number;
  #allowanceAt = performance.now();
  /** What a flood has brought and has not been handed over yet; undefined while output is handed over as it comes. */
  #gathered: Buffer[] | undefined;
  /** CPU time of the sandbox before the orders, and at the last reading. */
  readonly #cpuMsBefore: number;
  #cpuMs: number;
  /** When CPU time or input was seen last. */
  #activeAt = performance.now();
  /** Whether the console was busy since it paused last. */
  #busy = true;
  /** The workspace is being measured; whether it may have changed since that began. */
  #measuring = false;
  #unmeasured = true;
  #verdict: RunOutcome | undefined;

  /** Starts the program in `sandbox`, which is this session's from now on. Rejects with the sandbox disposed of. */
  static async start(sandbox: StartedSandbox, options: SessionOptions): Promise<RunSession> {
    const session = new RunSession(sandbox, options);
    try {
      sandbox.order(options);
    } catch (error) {
      session.#release();
      await sandbox.dispose();
      throw error;
    }
    return session;
  }

  private constructor(sandbox: StartedSandbox, options: SessionOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.#lastOutput = sandbox.said;
    this.#allowance = 2 * options.limits.outputBytesPerSecond;
    this.#input = new TerminalInput(masterOf(sandbox.pty));
    this.#meter = meterOf(sandbox.pid, sandbox.cgroup, options.limits);
    this.#cpuMs = this.#cpuMsBefore = this.#meter.read().cpuMs;
    this.ended = sandbox.exited.then((exit) => this.#end(exit));
    sandbox.listen({ onOutput: (bytes) => this.#onOutput(bytes), onHint: (hint) => this.#onHint(hint) });
    void sandbox.hintsClosed.then(() => this.#endPauses());
    this.#limitWallTime(options.limits.scriptSeconds);
    this.#scheduleReading();
  }

  /** Whether the script has ended and the console waits for a person. A hint, as `onPrompt`. */
  get isPrompt(): boolean {
    return this.#inRepl && !this.#gone;
  }

  /** The outermost process: all others are below it. */
  get pid(): number {
    return this.#sandbox.pid;
  }

  /** Milliseconds since the orders, on a clock that does not jump. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Stops reading: the program is held up in its next write once the kernel's buffer is full. */
  pause(): void {
    this.#pauseWanted = true;
    this.#pauseOrResume();
  }

  resume(): void {
    this.#pauseWanted = false;
    this.#pauseOrResume();
  }

  /** What a person typed. Dropped when 64 KB wait for a program that does not read. */
  write(text: string): void {
    this.#activeAt = performance.now();
    this.#input.write(text);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#activeAt = performance.now();
    this.#input.writeFirst('\x03');
  }

  resize(columns: number, rows: number): void {
    if (!this.#gone) this.#sandbox.pty.resize(columns, rows);
  }

  /** Ends every process of the run, which then ended so. The first reason counts. `ended` tells when that is done. */
  stop(outcome: RunOutcome): void {
    if (this.#gone) return;
    this.#verdict ??= outcome;
    this.#sandbox.kill();
    this.#endPauses();
  }

  #onHint(hint: Hint): void {
    if (hint.kind === 'started') this.#begun = true;
    else if (hint.kind === 'ending') this.#orderly = true;
    else if (hint.kind === 'error') this.#options.onError?.(hint.error);
    else if (hint.kind === 'figure') this.#options.onFigure?.(hint.figure);
    else if (hint.kind === 'repl' && !this.#inRepl) {
      this.#inRepl = true;
      this.#limitWallTime(this.#options.limits.replSeconds);
      this.#handOverGathered();
      this.#options.onPrompt(hint.script);
    }
  }

  #onOutput(bytes: Buffer): void {
    const rest = this.#options.limits.outputBytes - this.#outputBytes;
    const taken = bytes.subarray(0, Math.max(rest, 0));
    this.#outputBytes += taken.length;
    if (!this.#begun) this.#lastOutput = (this.#lastOutput + taken.toString('latin1')).slice(-LAST_OUTPUT_BYTES);
    if (this.#gathered) this.#gathered.push(taken);
    else if (taken.length > 0) this.#options.onOutput(taken);
    this.#slowDown(taken.length);
    if (bytes.length > rest) this.stop({ kind: 'output-limit', limitBytes: this.#options.limits.outputBytes });
  }

  /**
   * A leaky bucket: beyond two seconds' worth, output waits until the rate allows it. From then on it is handed over in large
   * pieces, at the end of each wait, since every piece costs everybody an append; until a second's worth may come at once again.
   */
  #slowDown(bytes: number): void {
    const rate = this.#options.limits.outputBytesPerSecond;
    const now = performance.now();
    this.#allowance = Math.min(2 * rate, this.#allowance + ((now - this.#allowanceAt) / 1000) * rate) - bytes;
    this.#allowanceAt = now;
    if (this.#allowance >= 0 || this.#held !== undefined) return;
    this.#gathered ??= [];
    this.#held = setTimeout(
      () => {
        this.#held = undefined;
        this.#handOverGathered();
        this.#pauseOrResume();
      },
      Math.max(HELD_MS, (-this.#allowance / rate) * 1000),
    );
    this.#pauseOrResume();
  }

  /** The flood is over, or what is gathered has waited for long enough. */
  #endGathering(): void {
    this.#handOverGathered();
    const rate = this.#options.limits.outputBytesPerSecond;
    const quietMs = performance.now() - this.#allowanceAt;
    if (this.#allowance + (quietMs / 1000) * rate >= rate) this.#gathered = undefined;
  }

  #handOverGathered(): void {
    const bytes = Buffer.concat(this.#gathered ?? []);
    if (this.#gathered) this.#gathered = [];
    if (bytes.length > 0) this.#options.onOutput(bytes);
  }

  #pauseOrResume(): void {
    const paused = this.#mayPause && (this.#pauseWanted || this.#held !== undefined);
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#sandbox.pty.pause();
    else this.#sandbox.pty.resume();
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
    const cpuMs = reading.cpuMs - this.#cpuMsBefore;
    if (reading.outOfMemory) this.stop({ kind: 'out-of-memory', limitBytes: limits.memoryBytes });
    if (cpuMs >= limits.cpuSeconds * 1000) this.stop({ kind: 'timed-out', limit: 'cpu', seconds: limits.cpuSeconds });
    this.#noteActivity(reading.cpuMs > this.#cpuMs);
    if (this.#held === undefined) this.#endGathering();
    this.#cpuMs = reading.cpuMs;
    if (this.#gone) return;
    if (this.#unmeasured && !this.#measuring) void this.#measureWorkspace();
    this.#scheduleReading();
  }

  /** `used`: the CPU, since the last reading. Without it nothing can have changed. */
  #noteActivity(used: boolean): void {
    const { idleSeconds } = this.#options.limits;
    const now = performance.now();
    if (used) {
      this.#activeAt = now;
      this.#unmeasured = true;
    } else if (now - this.#activeAt >= idleSeconds * 1000)
      this.stop({ kind: 'timed-out', limit: 'idle', seconds: idleSeconds });
    if (used || !this.#inRepl) this.#busy = true;
    else if (this.#busy) {
      this.#busy = false;
      this.#options.onPause?.(this.#sandbox.workspace);
    }
  }

  async #measureWorkspace(): Promise<void> {
    this.#measuring = true;
    this.#unmeasured = false;
    const processes = this.#gone ? [] : processTree(this.#sandbox.pid);
    const excess = await workspaceExcess(this.#sandbox.workspace, processes, this.#options.limits);
    this.#measuring = false;
    if (excess !== undefined) this.stop({ kind: 'workspace-limit', ...excess });
  }

  #endPauses(): void {
    this.#mayPause = false;
    this.#pauseOrResume();
  }

  async #end({ status, signal }: Exit): Promise<SessionEnd> {
    this.#gone = true;
    this.#handOverGathered();
    this.#gathered = undefined;
    this.#release();
    const wallMs = Math.round(this.elapsedMs);
    const reading = this.#meter.read();
    // What the program said last may still be in the pipe; the timeout is for a launcher that never opened it.
    await Promise.race([this.#sandbox.hintsClosed, sleep(PIPE_END_MS, undefined, { ref: false })]);
    await this.#sandbox.lastProcessGone();
    const outcome = this.#verdict ?? (await this.#excess()) ?? this.#outcome(status, signal, reading);
    await this.#options.onEnded?.(this.#sandbox.workspace).catch((error: unknown) => this.#complain('end', error));
    // What cannot be tidied up is for the log of the process: it must not hide what the program did.
    await this.#sandbox.dispose().catch((error: unknown) => this.#complain('not tidied up', error));
    return { outcome, usage: this.#usage(wallMs, reading) };
  }

  /** What a program wrote between the last reading and its end. */
  async #excess(): Promise<RunOutcome | undefined> {
    const excess = await workspaceExcess(this.#sandbox.workspace, [], this.#options.limits);
    return excess && { kind: 'workspace-limit', ...excess };
  }

  #complain(what: string, error: unknown): void {
    console.error(`run ${this.#sandbox.id}: ${what}:`, error);
  }

  #outcome(status: number, signal: number, reading: Reading): RunOutcome {
    const known = { begun: this.#begun, orderly: this.#orderly, lastOutput: this.#lastOutput };
    return outcomeOf({ status, signal, reading, limits: this.#options.limits, ...known });
  }

  #usage(wallMs: number, { cpuMs, peakMemoryBytes }: Reading): RunUsage {
    return {
      wallMs,
      cpuMs: Math.round(Math.max(0, cpuMs - this.#cpuMsBefore)),
      outputBytes: this.#outputBytes,
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
    };
  }

  #release(): void {
    for (const timer of [this.#wall, this.#nextReading, this.#held]) clearTimeout(timer);
    this.#input.close();
  }
}

/** The PTY's descriptor: node-pty has it, its types do not. */
function masterOf(pty: IPty): number {
  return (pty as IPty & { readonly fd: number }).fd;
}
