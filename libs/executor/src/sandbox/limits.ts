/** What one run may use. Every figure is checked for scripts and consoles alike. */
export interface RunLimits {
  /** Memory of all its processes together. Exact with a cgroup, best effort without. */
  readonly memoryBytes: number;
  /** CPU time of all its processes together, over the whole run. */
  readonly cpuSeconds: number;
  /** Largest file that it may write: writing on gives "File too large". */
  readonly fileBytes: number;
  /** Processes and threads at one time: starting one more gives "Resource temporarily unavailable". */
  readonly processes: number;
  /** Terminal output over the whole run; the program is ended when it prints more. */
  readonly outputBytes: number;
  /** Wall time of the script, waiting for input included. */
  readonly scriptSeconds: number;
  /** Wall time of the console that follows the script, from its first prompt. */
  readonly replSeconds: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: RunLimits = {
  memoryBytes: 128 * MIB,
  cpuSeconds: 30,
  fileBytes: 10 * MIB,
  processes: 50,
  outputBytes: 8 * MIB,
  scriptSeconds: 1800,
  replSeconds: 3600,
};

/**
 * Limits of one process's address space, set inside the sandbox. They are not what holds the memory limit (forks and shared
 * mappings pass them): they turn one absurd allocation into a MemoryError that a student can read, and they bound what the
 * polling at level "no-cgroup" can miss. Measured: below three times 128 MB OpenBLAS spins for ever at import.
 */
export function addressSpace(limits: RunLimits): { readonly dataBytes: number; readonly totalBytes: number } {
  return { dataBytes: limits.memoryBytes * 3, totalBytes: limits.memoryBytes * 8 };
}
