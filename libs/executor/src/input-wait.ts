import { readFileSync } from 'node:fs';
import { processTree } from './sandbox/process-tree.js';

/**
 * Where a process sleeps in the kernel that reads from a terminal: newer kernels and older ones. Sockets of the internet
 * sleep in the first as well, and a sandbox has none.
 */
const READS_TERMINAL: ReadonlySet<string> = new Set(['wait_woken', 'n_tty_read']);

/**
 * Whether some process of the tree waits for somebody to type. A kernel that does not tell (no /proc/<pid>/wchan) says no. A
 * program that waits in one thread and computes in another says yes: whoever asks looks at the CPU time as well.
 */
export function waitsForInput(root: number): boolean {
  return processTree(root).some((pid) => READS_TERMINAL.has(placeInKernel(pid)));
}

function placeInKernel(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/wchan`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
