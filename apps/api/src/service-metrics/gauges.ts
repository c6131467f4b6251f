import { type Family, gauge } from './exposition.js';
import type { OwnFigures, SharedFigures } from './service-state.js';

/** Levels of the sandbox; an executor with another one counts as `other`. */
export const SANDBOX_LEVELS = ['full', 'no-cgroup', 'none'];

/** Of this process. */
export function ownGauges(own: OwnFigures): Family[] {
  const { loop, pool, disk, sockets } = own;
  return [
    gauge('process_cpu_seconds_total', 'Processor time of this process.', own.cpuSeconds, 'counter'),
    gauge('process_resident_memory_bytes', 'Memory of this process.', own.residentBytes),
    gauge('palimpsest_heap_used_bytes', 'JavaScript heap in use.', own.heapBytes),
    gauge('palimpsest_uptime_seconds', 'Time since this process started.', own.uptimeSeconds),
    gauge('palimpsest_event_loop_delay_seconds', 'How long the event loop was held up, in the last whole 15 s.', [
      'figure',
      { mean: loop.mean, p99: loop.p99, max: loop.max },
    ]),
    gauge('palimpsest_database_pool_connections', 'Connections of this process’s pool.', [
      'state',
      { total: pool.total, idle: pool.idle },
    ]),
    gauge('palimpsest_database_pool_waiting', 'Queries that wait for a connection of the pool.', pool.waiting),
    gauge('palimpsest_open_rooms', 'Documents in memory.', own.rooms),
    gauge('palimpsest_open_sockets', 'Open WebSockets.', ['kind', sockets]),
    gauge('palimpsest_data_disk_free_bytes', 'Free space where the data lies.', disk?.freeBytes),
    gauge('palimpsest_data_disk_bytes', 'Size of the file system where the data lies.', disk?.totalBytes),
  ];
}

/** Of the installation, the same from every api process; without them the database does not answer. */
export function sharedGauges(shared: SharedFigures | undefined): Family[] {
  const up = gauge('palimpsest_database_up', 'Whether database and event store answer.', shared ? 1 : 0);
  if (!shared) return [up];
  const { executors, lag } = shared;
  const ofLag = (figure: (one: SharedFigures['lag'][number]) => number) =>
    ['projection', Object.fromEntries(lag.map((one) => [one.name, figure(one)]))] as const;
  return [
    up,
    gauge('palimpsest_database_connections', 'Connections to the database, of everybody.', shared.connections),
    gauge('palimpsest_database_connections_most', 'Connections that the database takes.', shared.mostConnections),
    gauge('palimpsest_runs_waiting', 'Runs that wait for a place.', shared.runsWaiting),
    gauge('palimpsest_runs_alive', 'Runs that have not ended, those that wait too.', shared.runsAlive),
    gauge(
      'palimpsest_run_longest_wait_seconds',
      'How long the oldest waiting run has waited.',
      shared.longestWaitSeconds,
    ),
    gauge('palimpsest_executors', 'Executors at work.', executors.length),
    gauge(
      'palimpsest_executor_places',
      'Places for scripts, of all executors.',
      sum(executors.map(({ places }) => places)),
    ),
    gauge(
      'palimpsest_executors_paused',
      'Executors that start nothing, being short of something.',
      executors.filter(({ short }) => short !== null).length,
    ),
    gauge('palimpsest_sandbox_executors', 'Executors by the level of their sandbox; full: every limit holds.', [
      'level',
      levels(executors),
    ]),
    gauge(
      'palimpsest_projection_lag_events',
      'Events that a projection has not applied, at most 1000.',
      ofLag(({ events }) => events),
    ),
    gauge(
      'palimpsest_projection_lag_seconds',
      'Age of the oldest of them.',
      ofLag(({ seconds }) => seconds),
    ),
    gauge(
      'palimpsest_projection_stopped',
      'Whether a projection goes no further by itself.',
      ofLag(({ stopped }) => (stopped ? 1 : 0)),
    ),
  ];
}

function levels(executors: SharedFigures['executors']): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries([...SANDBOX_LEVELS, 'other'].map((level) => [level, 0]));
  for (const { sandbox } of executors) {
    const level = SANDBOX_LEVELS.includes(sandbox) ? sandbox : 'other';
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return counts;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
