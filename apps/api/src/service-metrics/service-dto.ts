import type { LatencyDto, ServiceDto, SharedServiceDto } from '@palimpsest/protocol';
import type { ServiceMeters } from './service-meters.js';
import type { OwnFigures, SharedFigures } from './service-state.js';

type Measured = Pick<ServiceMeters['requests'], 'quantile' | 'count'>;

function latency(name: string, histogram: Measured): LatencyDto {
  const quantile = (share: number) => {
    const seconds = histogram.quantile(share);
    return seconds === undefined ? null : Math.round(seconds * 100_000) / 100;
  };
  return { name, count: histogram.count, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

function sharedDto({ executors, lag, ...rest }: SharedFigures): SharedServiceDto {
  return {
    ...rest,
    executors: executors.length,
    executorsPaused: executors.filter(({ short }) => short !== null).length,
    places: executors.reduce((all, { places }) => all + places, 0),
    lag: [...lag],
  };
}

export function serviceDto(meters: ServiceMeters, own: OwnFigures, shared: SharedFigures | undefined): ServiceDto {
  const { uptimeSeconds, cpuSeconds, residentBytes, heapBytes, rooms, disk } = own;
  return {
    latencies: [
      latency('requests', meters.requests),
      latency('edits', meters.editAcknowledged),
      latency('run start', meters.runStarted),
      latency('run first output', meters.runAnswered),
    ],
    ...{ uptimeSeconds, cpuSeconds, residentBytes, heapBytes, rooms },
    loopDelayMs: own.loop.p99 * 1000,
    poolConnections: own.pool.total,
    poolWaiting: own.pool.waiting,
    sockets: Object.values(own.sockets).reduce((all, open) => all + open, 0),
    diskFreeBytes: disk?.freeBytes ?? null,
    diskBytes: disk?.totalBytes ?? null,
    shared: shared ? sharedDto(shared) : null,
  };
}
