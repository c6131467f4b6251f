import { readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupParent } from './cgroup.js';
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
  return { files, cgroups: options.cgroups, runAs: options.runAs };
}

/** Gives a file or folder to the user as whom programs run. */
export async function handOver(sandbox: Sandbox, path: string): Promise<void> {
  if (sandbox.runAs !== null) await chown(path, sandbox.runAs.uid, sandbox.runAs.gid);
}
