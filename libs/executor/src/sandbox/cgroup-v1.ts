import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cgroupMounts, folderOf, ownGroups, readField, readNumber, removeGroup } from './cgroup.js';
import type { CgroupParent, RunCgroup } from './cgroup.js';
import type { RunLimits } from './limits.js';
import type { Identity } from './sandbox.js';

/** In the order in which a run joins them. Memory is the one that must be there. */
const CONTROLLERS = ['memory', 'pids', 'cpuacct'] as const;
type Controller = (typeof CONTROLLERS)[number];
type Folders = Partial<Record<Controller, string>>;

/** Makes `name` in the own group of each controller. Throws with the reason where that is not possible for memory. */
export function prepareVersion1(name: string, owner: Identity | null): CgroupParent {
  const folders: Folders = {};
  for (const controller of CONTROLLERS) {
    const base = ownFolder(controller);
    if (base === undefined) continue;
    const made = makeParent(join(base, name), owner);
    if (made !== undefined) folders[controller] = made;
  }
  if (folders.memory === undefined)
    throw new Error('cgroup v1: there is no memory controller in which this user may make a group');
  return new Version1Parent(folders);
}

function ownFolder(controller: Controller): string | undefined {
  const mount = cgroupMounts().find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  const own = ownGroups().find(({ controllers }) => controllers.includes(controller));
  if (mount === undefined || own === undefined) return undefined;
  const folder = folderOf(mount, own.path);
  return existsSync(folder) ? folder : mount.folder;
}

function makeParent(folder: string, owner: Identity | null): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    removeChildren(folder);
    if (owner !== null) chownSync(folder, owner.uid, owner.gid);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

function removeChildren(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    try {
      rmdirSync(join(folder, entry.name));
    } catch {
      // In use, or its processes are just ending: its name is a run's id, so it is in nobody's way.
    }
  }
}

class Version1Parent implements CgroupParent {
  readonly version = 1;
  readonly #folders: Folders;

  constructor(folders: Folders) {
    this.#folders = folders;
  }

  get folders(): readonly string[] {
    return Object.values(this.#folders);
  }

  create(name: string, limits: RunLimits): RunCgroup {
    const folders: Folders = {};
    for (const controller of CONTROLLERS) {
      const parent = this.#folders[controller];
      if (parent === undefined) continue;
      folders[controller] = join(parent, name);
      mkdirSync(join(parent, name));
    }
    const group = new Version1Cgroup(folders);
    group.limit(limits);
    return group;
  }

  async remove(): Promise<void> {
    for (const folder of Object.values(this.#folders)) {
      removeChildren(folder);
      await removeGroup(folder);
    }
  }
}

class Version1Cgroup implements RunCgroup {
  readonly #in: Folders;

  constructor(folders: Folders) {
    this.#in = folders;
  }

  get folders(): readonly string[] {
    return Object.values(this.#in);
  }

  limit(limits: RunLimits): void {
    // Memory and swap together, where swap is counted: without it a run would go on in swap at the limit. The kernel insists on
    // memory ≤ both, so the order depends on whether the limit grows.
    const grows = limits.memoryBytes > (this.#number('memory', 'memory.limit_in_bytes') ?? 0);
    const files = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'];
    for (const file of grows ? files.reverse() : files) this.#write('memory', file, limits.memoryBytes);
    // Above RLIMIT_NPROC by bubblewrap's two processes, so that the program meets the limit that it can be told of.
    this.#write('pids', 'pids.max', limits.processes + 4);
  }

  cpuMs(): number | undefined {
    const nanoseconds = this.#number('cpuacct', 'cpuacct.usage');
    return nanoseconds === undefined ? undefined : nanoseconds / 1e6;
  }

  peakMemoryBytes(): number | undefined {
    return this.#number('memory', 'memory.max_usage_in_bytes');
  }

  oomKills(): number {
    return this.#in.memory === undefined
      ? 0
      : (readField(join(this.#in.memory, 'memory.oom_control'), 'oom_kill') ?? 0);
  }

  async remove(): Promise<void> {
    for (const folder of this.folders) await removeGroup(folder);
  }

  #has(controller: Controller, file: string): boolean {
    const folder = this.#in[controller];
    return folder !== undefined && existsSync(join(folder, file));
  }

  #write(controller: Controller, file: string, value: number): void {
    if (this.#has(controller, file)) writeFileSync(join(this.#in[controller] ?? '', file), String(Math.floor(value)));
  }

  #number(controller: Controller, file: string): number | undefined {
    const folder = this.#in[controller];
    return folder === undefined ? undefined : readNumber(join(folder, file));
  }
}
