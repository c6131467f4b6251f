import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PYTHON } from './arguments.js';
import type { CgroupParent } from './cgroup.js';
import { PipeStock } from './pipe-stock.js';
import { isSandboxArchitecture, seccompFilter } from './seccomp.js';

/** A kernel user. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** What every run of one executor shares. */
export interface Sandbox {
  /** Holds what is bound into each sandbox, and the seccomp filter. */
  readonly files: string;
  /** Where each run gets its cgroup; null: memory is polled instead. */
  readonly cgroups: CgroupParent | null;
  /**
   * Becomes this user before bubblewrap starts; for an executor that itself stays root, as the tests do. Null: the
   * executor is an ordinary user already.
   */
  readonly runAs: Identity | null;
  /** In the same file system as the folders of the runs. */
  readonly pipes: PipeStock;
}

export interface SandboxOptions {
  /** An existing folder that the user of the sandbox can reach. */
  readonly folder: string;
  readonly cgroups: CgroupParent | null;
  readonly runAs: Identity | null;
}

/**
 * From src/sandbox and from dist/sandbox alike: tsc does not copy Python. Read when the module is loaded, since an executor
 * that has dropped its privileges may not reach its own program any more.
 */
const BOOT = readFileSync(new URL('../../python/boot.py', import.meta.url));
/** What boot.py imports from beside it, when it needs it. */
const OWN_MODULES = new URL('../../python/_palimpsest/', import.meta.url);
const OWN_SOURCES = readdirSync(OWN_MODULES)
  .filter((name) => name.endsWith('.py'))
  .map((name) => [name, readFileSync(new URL(name, OWN_MODULES))] as const);

/** Milliseconds for the system's Python to compile a few files, or to look through all fonts of the machine. */
const COMPILE_MS = 20_000;
const FONTS_MS = 120_000;

const ETC = {
  passwd: 'student:x:1000:1000:student:/tmp:/bin/sh\n',
  group: 'student:x:1000:\n',
  hosts: '127.0.0.1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
};

/** Writes what every run shares to `folder`. Throws on a machine for which there is no system call filter. */
export async function prepareSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (!isSandboxArchitecture(process.arch))
    throw new Error(`There is no system call filter for ${process.arch}: run the executor on x64 or arm64.`);
  const files = join(options.folder, 'sandbox');
  await mkdir(files, { recursive: true, mode: 0o755 });
  const contents = { ...ETC, 'boot.py': BOOT, 'seccomp.bpf': seccompFilter(process.arch) };
  for (const [name, content] of Object.entries(contents)) await writeFile(join(files, name), content, { mode: 0o644 });
  await writeOwnModules(join(files, 'lib', '_palimpsest'));
  await mkdir(join(files, 'fonts'), { recursive: true, mode: 0o755 });
  const pipes = await PipeStock.open(join(options.folder, 'pipes'));
  return { files, cgroups: options.cgroups, runAs: options.runAs, pipes };
}

/** Compiled here once, since sandboxes cannot keep what they compile: it would cost each of them 10 ms. */
async function writeOwnModules(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [name, content] of OWN_SOURCES) await writeFile(join(folder, name), content, { mode: 0o644 });
  const compile = ['-I', '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', folder];
  // Without it all works, only slower; a Python that is not there is the self-test's to name.
  await runPython(compile, { timeout: COMPILE_MS }).catch(() => undefined);
}

/**
 * Lets matplotlib make its list of the machine's fonts, which takes it seconds, so that no student's first plot waits for it.
 * Resolves when it is there, or there is no matplotlib; runs that begin before make their own.
 */
export async function prepareFonts({ files }: Sandbox): Promise<void> {
  const fresh = join(files, 'fonts-being-made');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o755 });
  const options = {
    timeout: FONTS_MS,
    env: { PATH: '/usr/bin:/bin', HOME: fresh, MPLCONFIGDIR: fresh, MPLBACKEND: 'Agg' },
  };
  await runPython(['-I', '-B', '-c', 'import matplotlib.font_manager'], options).catch(() => undefined);
  for (const name of await readdir(fresh))
    if (/^fontlist.*\.json$/.test(name)) await rename(join(fresh, name), join(files, 'fonts', name));
  await rm(fresh, { recursive: true, force: true });
}

const runPython = (args: readonly string[], options: { readonly timeout: number; readonly env?: NodeJS.ProcessEnv }) =>
  promisify(execFile)(PYTHON, args, { env: {}, ...options });

/** Gives a file or folder to the user as whom programs run. */
export async function handOver(sandbox: Sandbox, path: string): Promise<void> {
  if (sandbox.runAs !== null) await chown(path, sandbox.runAs.uid, sandbox.runAs.gid);
}
