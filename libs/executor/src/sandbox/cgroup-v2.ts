import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMounts, folderOf, ownGroups, readField, readNumber, removeGroup } from './cgroup.js';
import type { CgroupParent, RunCgroup } from './cgroup.js';
import type { RunLimits } from './limits.js';
import type { Identity } from './sandbox.js';

/**
 * Makes `name` below the own group. In version 2 a process is moved by whoever may write `cgroup.procs` of the common
 * ancestor, and a group that passes controllers on holds no processes: so the executor itself moves to `name/executor`,
 * and the runs are its siblings. Throws with the reason where the kernel refuses.
 */
export function prepareVersion2(name: string, owner: Identity | null): CgroupParent {
  const mount = cgroupMounts().find(({ type }) => type === 'cgroup2');
  const own = ownGroups().find(({ controllers }) => controllers.join('') === '');
  if (mount === undefined || own === undefined) throw new Error('cgroup v2: it is not mounted');
  const base = withoutOwnName(folderOf(mount, own.path), name);
  if (!words(join(base, 'cgroup.controllers')).includes('memory'))
    throw new Error('cgroup v2: the memory controller is not passed on to this service (systemd: set Delegate=yes)');
  try {
    return divide(base, name, owner);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`cgroup v2: ${base} cannot be divided (systemd: set Delegate=yes): ${cause}`, { cause: error });
  }
}

/** An executor that was started again by one that had moved is in `name/executor` already. */
function withoutOwnName(folder: string, name: string): string {
  const suffix = `/${name}/executor`;
  return folder.endsWith(suffix) ? folder.slice(0, -suffix.length) : folder;
}

function divide(base: string, name: string, owner: Identity | null): CgroupParent {
  const parent = join(base, name);
  const leaf = join(parent, 'executor');
  mkdirSync(leaf, { recursive: true });
  writeFileSync(join(leaf, 'cgroup.procs'), String(process.pid));
  enable(base);
  enable(parent);
  const own = ['', 'cgroup.procs', 'cgroup.subtree_control', 'executor', 'executor/cgroup.procs'];
  if (owner !== null) for (const file of own) chownSync(join(parent, file), owner.uid, owner.gid);
  removeRuns(parent);
  return new Version2Parent(parent);
}

function enable(folder: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  const wanted = ['memory', 'pids'].filter((controller) =>
    words(join(folder, 'cgroup.controllers')).includes(controller),
  );
  const missing = wanted.filter((controller) => !words(control).includes(controller));
  if (missing.length > 0) writeFileSync(control, missing.map((controller) => `+${controller}`).join(' '));
}

function removeRuns(parent: string): void {
  for (const entry of readdirSync(parent, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === 'executor') continue;
    try {
      rmdirSync(join(parent, entry.name));
    } catch {
      // In use, or its processes are just ending: its name is a run's id, so it is in nobody's way.
    }
  }
}

function words(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trim().split(/\s+/);
}

class Version2Parent implements CgroupParent {
  readonly version = 2;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get folders(): readonly string[] {
    return [this.#folder];
  }

  create(name: string, limits: RunLimits): RunCgroup {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    const group = new Version2Cgroup(folder);
    group.limit(limits);
    return group;
  }

  async remove(): Promise<void> {
    // The executor is inside until it ends, so the parent stays; the next start uses it again.
    removeRuns(this.#folder);
    await Promise.resolve();
  }
}

function writeWhereThere(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

class Version2Cgroup implements RunCgroup {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get folders(): readonly string[] {
    return [this.#folder];
  }

  limit(limits: RunLimits): void {
    writeFileSync(join(this.#folder, 'memory.max'), String(Math.floor(limits.memoryBytes)));
    writeWhereThere(join(this.#folder, 'memory.swap.max'), '0');
    writeWhereThere(join(this.#folder, 'pids.max'), String(limits.processes + 4));
  }

  cpuMs(): number | undefined {
    const microseconds = readField(join(this.#folder, 'cpu.stat'), 'usage_usec');
    return microseconds === undefined ? undefined : microseconds / 1000;
  }

  peakMemoryBytes(): number | undefined {
    return readNumber(join(this.#folder, 'memory.peak'));
  }

  oomKills(): number {
    return readField(join(this.#folder, 'memory.events'), 'oom_kill') ?? 0;
  }

  async remove(): Promise<void> {
    await removeGroup(this.#folder);
  }
}
