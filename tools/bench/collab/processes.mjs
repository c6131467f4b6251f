/** What /proc knows of processes: who belongs to whom, processor time and memory. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc (USER_HZ): 100 on every Linux that Node runs on. */
const TICKS = 100;

function fields(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // gone
  }
}

/** A process and everything below it. */
export function tree(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? fields(name)?.[1] : undefined;
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = [root];
  for (let n = 0; n < found.length; n++) for (const [pid, parent] of parents) if (parent === found[n]) found.push(pid);
  return found;
}

export function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * Seconds of processor time that these have used, in user and kernel mode, and their children that have ended: a connection
 * of Postgres that was closed meanwhile still counts, if its postmaster is among them.
 */
export function cpuSeconds(pids) {
  const [user, childrenInKernel] = [11, 14];
  return pids.reduce((sum, pid) => {
    const times = fields(pid)?.slice(user, childrenInKernel + 1) ?? [];
    return sum + times.reduce((ticks, time) => ticks + Number(time), 0) / TICKS;
  }, 0);
}

/** Resident set, MB. */
export function residentMegabytes(pid) {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
  return (Number(pages) * 4096) / 1e6;
}
