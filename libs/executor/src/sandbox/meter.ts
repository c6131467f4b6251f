import type { RunCgroup } from './cgroup.js';
import type { RunLimits } from './limits.js';
import { cpuMsOf, processTree, proportionalBytesOf, residentBytesOf } from './process-tree.js';
import { memoryFilesBytes } from './memory-files.js';

/** What a run has used up to now. */
export interface Reading {
  readonly cpuMs: number;
  readonly outOfMemory: boolean;
  /** Highest up to now; unknown before the first reading without a cgroup. */
  readonly peakMemoryBytes?: number;
}

export interface Meter {
  /** Takes some 20 µs with a cgroup, some 100 µs without. Never throws. */
  read(): Reading;
  /** Whether the kernel itself holds the memory limit, so that readings may be rare. */
  readonly exact: boolean;
}

/** Measures by the cgroup where there is one, else by /proc. `pid` is the outermost process of the run. */
export function meterOf(pid: number, cgroup: RunCgroup | null, limits: RunLimits): Meter {
  return cgroup === null ? new TreeMeter(pid, limits) : new CgroupMeter(pid, cgroup);
}

class CgroupMeter implements Meter {
  readonly exact = true;
  readonly #pid: number;
  readonly #cgroup: RunCgroup;

  constructor(pid: number, cgroup: RunCgroup) {
    this.#pid = pid;
    this.#cgroup = cgroup;
  }

  read(): Reading {
    const peak = this.#cgroup.peakMemoryBytes();
    return {
      cpuMs: this.#cgroup.cpuMs() ?? cpuMsOf(processTree(this.#pid)),
      outOfMemory: this.#cgroup.oomKills() > 0,
      ...(peak === undefined ? {} : { peakMemoryBytes: peak }),
    };
  }
}

class TreeMeter implements Meter {
  readonly exact = false;
  readonly #pid: number;
  readonly #limits: RunLimits;
  /** CPU time must not shrink when a process ends that nobody waited for, or after the last one. */
  #cpuMs = 0;
  #peak = 0;

  constructor(pid: number, limits: RunLimits) {
    this.#pid = pid;
    this.#limits = limits;
  }

  read(): Reading {
    const tree = processTree(this.#pid);
    this.#cpuMs = Math.max(this.#cpuMs, cpuMsOf(tree));
    // RSS is never below PSS, so the dear reading is made only for the few that may be over.
    const resident = residentBytesOf(tree);
    const processes = resident > this.#limits.memoryBytes ? proportionalBytesOf(tree) : resident;
    const used = processes + memoryFilesBytes(tree[1]);
    this.#peak = Math.max(this.#peak, used);
    const outOfMemory = this.#peak > this.#limits.memoryBytes;
    return { cpuMs: this.#cpuMs, outOfMemory, ...(this.#peak > 0 ? { peakMemoryBytes: this.#peak } : {}) };
  }
}
