/** For the tests: a sandbox in a folder of its own, under an unprivileged user when the tests run as root. */
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { eventually } from '@palimpsest/test-support';
import type { RestrictedModule, RunMode, ScriptEnd } from '@palimpsest/domain';
import { prepareCgroups } from './cgroup.js';
import type { ErrorReport } from './error-report.js';
import { DEFAULT_LIMITS, type RunLimits } from './limits.js';
import type { Png } from './png.js';
import { removeFolder } from './remove-folder.js';
import { RunSession, type SessionEnd } from './run-session.js';
import { handOver, prepareSandbox, type Identity, type Sandbox } from './sandbox.js';
import { StartedSandbox } from './started-sandbox.js';

export const TEST_IDENTITY: Identity | null = process.getuid?.() === 0 ? { uid: 61_184, gid: 61_184 } : null;

export interface SandboxFixture {
  readonly folder: string;
  readonly sandbox: Sandbox;
  /** Runs `main.py` with this text, or a console when it is null. */
  run(source: string | null, options?: TrialOptions): Promise<Trial>;
  /** Ends what is left and removes everything. */
  dispose(): Promise<void>;
}

export interface TrialOptions {
  readonly limits?: Partial<RunLimits>;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly entry?: string;
  readonly waiting?: boolean;
  readonly onPause?: (workspace: string) => void;
  readonly onEnded?: (workspace: string) => Promise<void>;
  readonly refused?: readonly RestrictedModule[];
}

export interface FixtureOptions {
  readonly cgroup?: boolean;
  /** Runs get a sandbox that waited for them. */
  readonly waiting?: boolean;
  /** As whom programs run, when the tests run as root. */
  readonly identity?: Identity | null;
}

/** A run under observation. */
export class Trial {
  session!: RunSession;
  sandbox!: StartedSandbox;
  readonly folder: string;
  readonly raw: Buffer[] = [];
  /** Undefined until the console begins. */
  script: ScriptEnd | null | undefined;
  readonly errors: ErrorReport[] = [];
  readonly figures: Png[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  get output(): string {
    return Buffer.concat(this.raw).toString('utf8').replaceAll('\r\n', '\n');
  }

  /** The output without colours. */
  get plain(): string {
    // eslint-disable-next-line no-control-regex -- it is one that is removed
    return this.output.replaceAll(/\x1b\[[\d;]*m/g, '');
  }

  /** Waits for text in the output. */
  shows(text: string | RegExp, timeoutMs = 10_000): Promise<boolean> {
    const found = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    return eventually(found, () => `${String(text)} in the output ${JSON.stringify(this.output)}`, timeoutMs);
  }

  async console(): Promise<this> {
    await eventually(
      () => this.script !== undefined && this.output.endsWith('>>> '),
      () => `a prompt after ${this.output}`,
    );
    return this;
  }

  /** Leaves the console, once it is there, and tells how the run ended. */
  async finished(): Promise<SessionEnd> {
    await this.console();
    this.session.write('\x04');
    return this.session.ended;
  }
}

export async function createSandboxFixture(options: FixtureOptions = {}): Promise<SandboxFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'palimpsest-sandbox-'));
  await chmod(folder, 0o755);
  const name = `palimpsest-test-${randomUUID().slice(0, 8)}`;
  const identity = options.identity ?? TEST_IDENTITY;
  const parent = options.cgroup === false ? null : prepareCgroups(name, identity);
  const sandbox = await prepareSandbox({ folder, cgroups: parent, runAs: identity });
  const trials: Trial[] = [];
  return {
    folder,
    sandbox,
    async run(source, trialOptions = {}) {
      const trial = new Trial(join(folder, `run-${trials.length}`));
      trials.push(trial);
      await startTrial(sandbox, trial, source, { waiting: options.waiting ?? false, ...trialOptions });
      return trial;
    },
    async dispose() {
      for (const trial of trials) trial.session?.stop({ kind: 'interrupted' });
      await Promise.all(trials.map((trial) => trial.session?.ended));
      await parent?.remove();
      await removeFolder(folder);
    },
  };
}

async function startTrial(sandbox: Sandbox, trial: Trial, source: string | null, options: TrialOptions): Promise<void> {
  const entry = options.entry ?? 'main.py';
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const place = { id: basename(trial.folder), folder: trial.folder, limits: options.waiting ? DEFAULT_LIMITS : limits };
  await mkdir(join(trial.folder, 'workspace'), { recursive: true });
  await handOver(sandbox, join(trial.folder, 'workspace'));
  const started = await StartedSandbox.start(sandbox, place);
  trial.sandbox = started;
  if (options.waiting && !(await started.ready)) throw new Error(`The sandbox does not wait: ${started.said}`);
  const files = { ...(source === null ? {} : { [entry]: source }), ...options.files };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(started.workspace, path)), { recursive: true });
    await writeFile(join(started.workspace, path), content);
  }
  const mode: RunMode = source === null ? 'repl' : 'script';
  trial.session = await RunSession.start(started, {
    mode,
    entry: source === null ? null : entry,
    limits,
    columns: 80,
    rows: 24,
    onOutput: (bytes) => void trial.raw.push(bytes),
    onPrompt: (script) => void (trial.script = script),
    ...(options.onPause && { onPause: options.onPause }),
    ...(options.onEnded && { onEnded: options.onEnded }),
    refused: options.refused ?? [],
    onError: (error) => void trial.errors.push(error),
    onFigure: (figure) => void trial.figures.push(figure),
  });
}
