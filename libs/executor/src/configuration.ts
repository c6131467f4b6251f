import { cpus } from 'node:os';
import { isExecutorName } from '@palimpsest/domain';
import { type Environment, integerSetting, requiredSetting, SettingFault } from '@palimpsest/settings';
import type { MachineThresholds } from './machine-watch.js';
import { DEFAULT_LIMITS, type RunLimits } from './sandbox/limits.js';

export interface ExecutorConfiguration {
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** EventStoreDB or KurrentDB; undefined: the log is in Postgres. */
  readonly eventStoreUrl: string | undefined;
  /** Executors of one machine may share it: each has a folder by its name there. */
  readonly scratch: string;
  /** Stays the same over restarts, differs between executors. */
  readonly name: string;
  /** Whom to become when started by root. */
  readonly uid: number;
  readonly gid: number;
  readonly limits: RunLimits;
  /** Scripts that run at the same time; those that wait for input, and prompts, do not count. */
  readonly concurrency: number;
  /** Prompts kept open at the same time. */
  readonly maxPrompts: number;
  /** When the machine is too short of something to start more. */
  readonly thresholds: MachineThresholds;
  /** How often what was left over is looked for, milliseconds. */
  readonly cleanupIntervalMs: number;
  /** How long a job may go without a sign of its worker before it is given to another, milliseconds. */
  readonly jobLockMs: number;
  /** Sandboxes that are started before a run asks for one. */
  readonly waitingSandboxes: number;
}

const MEGABYTE = 1024 * 1024;
/** Not in use on Debian or Ubuntu: above the users, below the ranges for user namespaces and systemd's dynamic users. */
const DEFAULT_UID = 59_990;

/** Reads the environment. Throws SettingFault for the first value that cannot be used. */
export function readExecutorConfiguration(environment: Environment): ExecutorConfiguration {
  const number = (name: string, otherwise: number, least: number, most: number) =>
    integerSetting(environment, name, otherwise, { least, most });
  return {
    databaseUrl: requiredSetting(environment, 'DATABASE_URL'),
    redisUrl: environment['REDIS_URL'] || undefined,
    eventStoreUrl: environment['EVENTSTORE_URL'] || undefined,
    scratch: requiredSetting(environment, 'PALIMPSEST_SCRATCH'),
    name: nameSetting(environment),
    uid: number('EXECUTOR_UID', DEFAULT_UID, 1, 4_294_967_293),
    gid: number('EXECUTOR_GID', DEFAULT_UID, 1, 4_294_967_293),
    limits: {
      ...DEFAULT_LIMITS,
      memoryBytes: number('MEMORY_LIMIT_MB', DEFAULT_LIMITS.memoryBytes / MEGABYTE, 32, 65_536) * MEGABYTE,
      cpuSeconds: number('EXECUTION_TIMEOUT', DEFAULT_LIMITS.cpuSeconds, 1, 86_400),
      fileBytes: number('FILE_SIZE_LIMIT_MB', DEFAULT_LIMITS.fileBytes / MEGABYTE, 1, 4_096) * MEGABYTE,
      workspaceBytes: number('WORKSPACE_LIMIT_MB', DEFAULT_LIMITS.workspaceBytes / MEGABYTE, 1, 65_536) * MEGABYTE,
      workspaceEntries: number('MAX_WORKSPACE_ENTRIES', DEFAULT_LIMITS.workspaceEntries, 1, 1_000_000),
      processes: number('MAX_PROCESSES', DEFAULT_LIMITS.processes, 2, 4_096),
      scriptSeconds: number('MAX_PROCESS_AGE', DEFAULT_LIMITS.scriptSeconds, 1, 604_800),
      replSeconds: number('MAX_REPL_AGE', DEFAULT_LIMITS.replSeconds, 1, 604_800),
      outputBytes: number('MAX_OUTPUT_MB', DEFAULT_LIMITS.outputBytes / MEGABYTE, 1, 1_024) * MEGABYTE,
      idleSeconds: number('MAX_IDLE_TIME', DEFAULT_LIMITS.idleSeconds, 1, 604_800),
    },
    // A script that waits for input costs nothing but its memory, and most of them do: so several for each core.
    concurrency: number('MAX_CONCURRENT_EXECUTIONS', 8 * cpus().length, 1, 1_000),
    maxPrompts: number('MAX_PROMPTS', 200, 1, 10_000),
    thresholds: {
      loadPerCore: number('MAX_LOAD_PER_CORE', 20, 0, 10_000),
      freeMemoryMb: number('MIN_FREE_MEMORY_MB', 256, 0, 1_048_576),
      freeDiskMb: number('MIN_FREE_DISK_MB', 512, 0, 1_048_576),
    },
    cleanupIntervalMs: number('CLEANUP_INTERVAL_MS', 300_000, 1_000, 86_400_000),
    jobLockMs: number('JOB_LOCK_MS', 15_000, 2_000, 600_000),
    waitingSandboxes: number('WAITING_SANDBOXES', Math.min(8 * cpus().length, 64), 0, 200),
  };
}

function nameSetting(environment: Environment): string {
  const name = environment['EXECUTOR_NAME'] || 'executor-1';
  if (isExecutorName(name)) return name;
  throw new SettingFault(
    `EXECUTOR_NAME is "${name.slice(0, 80)}": it must be 1 to 63 letters, digits, "-", "_" and ".", with a letter or digit first.`,
  );
}
