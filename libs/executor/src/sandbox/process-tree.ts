/**
 * CPU time and memory of a process and all its descendants, from /proc: what is left to measure by where there is no cgroup.
 * A daemon's double fork does not get away: orphans go to process 1 of the sandbox, which is in the tree.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, in which /proc/<pid>/stat counts; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** Index of field 22 of proc(5) behind the name. */
const STARTED_AT = 19;
/** More than any process limit; a tree that grows while it is read cannot hold the executor up. */
const MOST_PROCESSES = 1000;

/** Ids of `root` and its descendants that are alive now. */
export function processTree(root: number): readonly number[] {
  const found = [root];
  for (let at = 0; at < found.length && found.length < MOST_PROCESSES; at++)
    found.push(...childrenOf(found[at] ?? root));
  return found;
}

function childrenOf(pid: number): readonly number[] {
  const tasks = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return tasks.flatMap((task) => {
    const children = attempt(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')) ?? '';
    return children.split(' ').filter(Boolean).map(Number);
  });
}

/** A process that is not mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  readonly startedAt: string;
}

/** The first child of a process; undefined while, or when, it has none. */
export function firstChild(parent: number): ProcessId | undefined {
  const [pid] = childrenOf(parent);
  const startedAt = pid === undefined ? undefined : statOf(pid)[STARTED_AT];
  return pid === undefined || startedAt === undefined ? undefined : { pid, startedAt };
}

/**
 * Whether it has not ended yet. A zombie has: before process 1 of a PID namespace becomes one, the kernel has ended all others
 * inside. How soon it is then waited for is the affair of the machine's init.
 */
export function isAlive({ pid, startedAt }: ProcessId): boolean {
  const fields = statOf(pid);
  return fields[STARTED_AT] === startedAt && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** CPU time, that of children which were waited for included. */
export function cpuMsOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = statOf(pid);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted here from the third.
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return (ticks.reduce((sum, value) => sum + value, 0) * 1000) / TICKS_PER_SECOND;
}

/** Resident pages; what processes share is counted once for each. */
export function residentBytesOf(pids: readonly number[]): number {
  const pages = pids.map((pid) =>
    Number(attempt(() => readFileSync(`/proc/${pid}/statm`, 'utf8'))?.split(' ')[1] ?? 0),
  );
  return pages.reduce((sum, value) => sum + value, 0) * PAGE_BYTES;
}

/** Proportional set size: what processes share is divided among them. Costs the kernel a walk over all page tables. */
export function proportionalBytesOf(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const text = attempt(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? '';
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

/** The fields after the name, which is in parentheses and may itself contain any character. */
function statOf(pid: number): readonly string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Processes end while they are looked at. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
