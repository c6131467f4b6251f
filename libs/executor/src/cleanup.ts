/**
 * Removes what runs left behind that nobody carries out any more: outermost processes, control groups, folders. In order
 * nothing is left: a run tidies up after itself, and bubblewrap dies with its executor. What this finds comes from executors
 * that were killed between two steps, and from file systems that refused for a while.
 *
 * What belongs to whom is said by the folders: `<scratch>/<executor>/runs/<run>`. Executors of one installation on one machine
 * share the scratch folder, so that one that lives cleans up after one that does not come back. Nothing is touched that has no
 * folder there: a machine may have other installations, with executors that this one cannot know.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asId, type CleanupDone, isExecutorName, isId, type RunId } from '@palimpsest/domain';
import { Unavailable } from '@palimpsest/event-store';
import { type LeftOverParts, recordLeftOver } from './files/left-over-files.js';
import { endInterrupted } from './run-execution.js';
import { type CgroupParent, removeGroup } from './sandbox/cgroup.js';
import { removeFolder } from './sandbox/remove-folder.js';
import { isWaiting } from './sandbox/sandbox-pool.js';

export interface CleanupOptions extends LeftOverParts {
  /** Holds a folder for each executor. */
  readonly scratch: string;
  /** Of this executor. */
  readonly name: string;
  readonly cgroups: CgroupParent | null;
  /** Whether this process carries out the run. */
  carriesOut(run: string): boolean;
  /** Whether the executor of this name is at work somewhere. */
  isAtWork(executor: string): Promise<boolean>;
}

export type Removed = CleanupDone['data'];

/** Name of the control group of an executor. */
export function groupName(executor: string): string {
  return `palimpsest-${executor}`;
}

/** Folder of an executor's runs. */
export function runsFolderOf(scratch: string, executor: string): string {
  return join(scratch, executor, 'runs');
}

/** Looks once. What cannot be removed is for the log of the process, and for the next time. */
export async function cleanUp(options: CleanupOptions): Promise<Removed> {
  const removed = { processes: 0, groups: 0, folders: 0, runs: 0 };
  for (const executor of executorsIn(options.scratch)) {
    const own = executor === options.name;
    if (!own && (await options.isAtWork(executor))) continue;
    const isLeft = (name: string) => (isId(name) ? !(own && options.carriesOut(name)) : !own && isWaiting(name));
    await cleanUpAfter(executor, isLeft, options, removed);
  }
  return removed;
}

/** Whether there is anything to tell. */
export function isNothing(removed: Removed): boolean {
  return Object.values(removed).every((count) => count === 0);
}

type Counts = { -readonly [Key in keyof Removed]: Removed[Key] };

async function cleanUpAfter(
  executor: string,
  isLeft: (name: string) => boolean,
  options: CleanupOptions,
  removed: Counts,
): Promise<void> {
  const { store, scratch, cgroups } = options;
  const folder = runsFolderOf(scratch, executor);
  const runs = namesIn(folder).filter(isLeft);
  removed.processes += endProcesses(folder, isLeft);
  for (const parent of cgroups?.folders ?? [])
    removed.groups += await removeGroups(join(dirname(parent), groupName(executor)), isLeft);
  for (const run of runs) {
    await attempt(`run ${run}`, async () => {
      if (isId(run)) {
        await recordFiles(options, asId<RunId>(run), join(folder, run));
        if (await endInterrupted(store, asId<RunId>(run))) removed.runs += 1;
      }
      await removeFolder(join(folder, run));
      removed.folders += 1;
    });
  }
}

/** What the program had written. A folder that cannot be read must not stay for ever; while the store is away it stays. */
async function recordFiles(parts: LeftOverParts, run: RunId, folder: string): Promise<void> {
  try {
    await recordLeftOver(parts, run, folder);
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    console.error(`what run ${run} left behind cannot be recorded:`, error);
  }
}

function executorsIn(scratch: string): string[] {
  return namesIn(scratch).filter((name) => isExecutorName(name) && existsSync(runsFolderOf(scratch, name)));
}

/**
 * SIGKILL for the outermost process of each run that is left: it is known by the folder that its command line names, and takes
 * the run's whole process namespace with it.
 */
function endProcesses(folder: string, isLeft: (run: string) => boolean): number {
  let ended = 0;
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    const run = runInCommandLine(pid, folder);
    if (run === undefined || !isLeft(run)) continue;
    if (kill(Number(pid))) ended += 1;
  }
  return ended;
}

function runInCommandLine(pid: string, folder: string): string | undefined {
  const words = textOf(`/proc/${pid}/cmdline`).split('\0');
  const path = words.find((word) => word.startsWith(`${folder}/`));
  return path?.slice(folder.length + 1).split('/')[0];
}

/** A group can have processes without such a command line, when the one that had it is gone. */
async function removeGroups(parent: string, isLeft: (run: string) => boolean): Promise<number> {
  let groups = 0;
  for (const run of namesIn(parent).filter(isLeft)) {
    const folder = join(parent, run);
    for (const pid of textOf(join(folder, 'cgroup.procs')).split('\n').filter(Boolean)) kill(Number(pid));
    await attempt(`group ${folder}`, async () => {
      await removeGroup(folder);
      groups += 1;
    });
  }
  return groups;
}

async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`${what} is left over and stays:`, error);
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false; // gone by itself
  }
}

/** Names in a folder, none if there is no such folder. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
