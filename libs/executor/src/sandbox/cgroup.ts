/**
 * Control groups: the only thing that counts the memory of a whole process tree exactly, and cheaply the CPU time of
 * processes that are gone. Version 2 where the executor's own group may be divided (delegation), version 1 where the
 * controllers' folders can be written, else none.
 *
 * One parent for the executor, one child for each run. The parent is made by whoever starts the executor, as root if it
 * is root, and given to the executor's user, who makes and removes the children without any privilege.
 */
import { readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './fault-code.js';
import { prepareVersion1 } from './cgroup-v1.js';
import { prepareVersion2 } from './cgroup-v2.js';
import type { RunLimits } from './limits.js';
import type { Identity } from './sandbox.js';

/** The group of one run. Its readings stay after the last process is gone, until it is removed. */
export interface RunCgroup {
  /** Folders whose `cgroup.procs` the first process of the run writes itself to. */
  readonly folders: readonly string[];
  /** Sets what it allows, also when there are processes in it. Throws if the kernel refuses. */
  limit(limits: RunLimits): void;
  /** CPU time of all processes, those gone included; undefined where the controller is missing. */
  cpuMs(): number | undefined;
  peakMemoryBytes(): number | undefined;
  /** How many processes the kernel has ended for want of memory. */
  oomKills(): number;
  /** Removes the group, whose processes must be ended. */
  remove(): Promise<void>;
}

export interface CgroupParent {
  readonly version: 1 | 2;
  /** The parent's folder in each hierarchy. */
  readonly folders: readonly string[];
  /** Throws if the kernel refuses: then the run must not start. */
  create(name: string, limits: RunLimits): RunCgroup;
  /** Removes the parent and children that a killed executor left. Those still in use stay. */
  remove(): Promise<void>;
}

/**
 * Makes the parent `name` below the caller's own group and gives it to `owner` (null: the caller keeps it). Children that a
 * killed executor of the same name left are removed. Null where this machine, or this user, has no cgroup with memory.
 */
export function prepareCgroups(name: string, owner: Identity | null): CgroupParent | null {
  return attempt(() => prepareVersion1(name, owner)) ?? attempt(() => prepareVersion2(name, owner));
}

function attempt(prepare: () => CgroupParent): CgroupParent | null {
  try {
    return prepare();
  } catch {
    return null; // the level "no-cgroup" of the self-test tells people
  }
}

/** The caller's own group: controllers (of version 1; empty for version 2) → path. */
export function ownGroups(): readonly { readonly controllers: readonly string[]; readonly path: string }[] {
  return lines('/proc/self/cgroup').map((line) => {
    const [, controllers = '', ...path] = line.split(':');
    return { controllers: controllers.split(','), path: path.join(':') };
  });
}

export interface CgroupMount {
  readonly type: string;
  readonly root: string;
  readonly folder: string;
  readonly options: readonly string[];
}

/** Mounts of type cgroup and cgroup2, as /proc/self/mountinfo (proc(5)) lists them. */
export function cgroupMounts(): readonly CgroupMount[] {
  return lines('/proc/self/mountinfo').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '/', folder = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    return type.startsWith('cgroup') ? [{ type, root, folder, options: options.split(',') }] : [];
  });
}

/** The folder of group `path` under `mount`. A container may have mounted only its own part of the tree. */
export function folderOf(mount: CgroupMount, path: string): string {
  const below = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : '/';
  return below === '/' || below === '' ? mount.folder : `${mount.folder}${below.startsWith('/') ? '' : '/'}${below}`;
}

export function readNumber(file: string): number | undefined {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    return Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value of `key` in a file of lines "key value". */
export function readField(file: string, key: string): number | undefined {
  try {
    const line = lines(file).find((candidate) => candidate.startsWith(`${key} `));
    return line === undefined ? undefined : Number(line.slice(key.length + 1));
  } catch {
    return undefined;
  }
}

/** How long the kernel may take to finish with processes that were killed, milliseconds: on a busy machine seconds. */
const LEAVING_MS = 10_000;

/** A group can be removed a moment after its last process is gone: the kernel has to finish with the process first. */
export async function removeGroup(folder: string): Promise<void> {
  for (const begin = performance.now(); performance.now() - begin < LEAVING_MS;) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      if (!hasCode(error, 'EBUSY')) throw error;
    }
    await sleep(20);
  }
  throw new Error(`The cgroup ${folder} cannot be removed: processes of an ended run are still in it.`);
}

function lines(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
