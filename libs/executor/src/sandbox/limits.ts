/** What one run may use. Every figure is checked for scripts and consoles alike. */
export interface RunLimits {
  /** Memory of all its processes together. Exact with a cgroup, best effort without. */
  readonly memoryBytes: number;
  /** CPU time of all its processes together, over the whole run. */
  readonly cpuSeconds: number;
  /** Largest file that it may write: writing on gives "File too large". */
  readonly fileBytes: number;
  /** All files of the workspace together, those that were deleted and are still open included; the program is ended beyond. */
  readonly workspaceBytes: number;
  /** Files and folders of the workspace; the program is ended when it makes more. */
  readonly workspaceEntries: number;
  /** Processes and threads at one time: starting one more gives "Resource temporarily unavailable". */
  readonly processes: number;
  /** Terminal output over the whole run; the program is ended when it prints more. */
  readonly outputBytes: number;
  /** Output in the long run: twice as much may come at once, then the program waits in its write. */
  readonly outputBytesPerSecond: number;
  /** Wall time of the script, waiting for input included. */
  readonly scriptSeconds: number;
  /** Wall time of the console that follows the script, from its first prompt. */
  readonly replSeconds: number;
  /** Wall time without input and without use of the processor, of script and console alike. */
  readonly idleSeconds: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: RunLimits = {
  memoryBytes: 128 * MIB,
  cpuSeconds: 30,
  fileBytes: 10 * MIB,
  workspaceBytes: 150 * MIB,
  workspaceEntries: 10_000,
  processes: 50,
  outputBytes: 8 * MIB,
  outputBytesPerSecond: MIB / 8,
  scriptSeconds: 1800,
  replSeconds: 3600,
  idleSeconds: 900,
};

/** Folders inside each other in a workspace. Nobody needs as many, and each level costs a descriptor to look into. */
export const WORKSPACE_DEPTH = 100;

/**
 * Limits of one process's address space, set inside the sandbox. They are not what holds the memory limit (forks and shared
 * mappings pass them): they turn one absurd allocation into a MemoryError that a student can read, and they bound what the
 * polling at level "no-cgroup" can miss. Measured: below three times 128 MB OpenBLAS spins for ever at import.
 */
export function addressSpace(limits: RunLimits): { readonly dataBytes: number; readonly totalBytes: number } {
  return { dataBytes: limits.memoryBytes * 3, totalBytes: limits.memoryBytes * 8 };
}
