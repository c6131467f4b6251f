import { statfs } from 'node:fs/promises';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How long the event loop was held up, seconds, in the last whole window. */
export interface LoopDelay {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** A window of the delay, milliseconds: whoever scrapes less often than that misses some, and more often sees one twice. */
const WINDOW_MS = 15_000;
/** How often the delay is measured, milliseconds. It is part of what the monitor measures, and is taken off again. */
const RESOLUTION_MS = 20;

/** Watches how long the event loop of this process is held up. */
export class EventLoopWatch {
  readonly #monitor: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #last: LoopDelay | undefined;

  constructor() {
    this.#monitor.enable();
    this.#timer = setInterval(() => this.#turn(), WINDOW_MS).unref();
  }

  /** Of the window under way until the first one is over. */
  get delay(): LoopDelay {
    return this.#last ?? this.#read();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#monitor.disable();
  }

  #turn(): void {
    this.#last = this.#read();
    this.#monitor.reset();
  }

  #read(): LoopDelay {
    const seconds = (nanoseconds: number) => Math.max(0, (nanoseconds || 0) / 1e9 - RESOLUTION_MS / 1e3);
    const { mean, max } = this.#monitor;
    // Of no measurement at all the smallest number is not one.
    if (!(this.#monitor.percentile(99) > 0) || !Number.isFinite(mean)) return { mean: 0, p99: 0, max: 0 };
    return { mean: seconds(mean), p99: seconds(this.#monitor.percentile(99)), max: seconds(max) };
  }
}

export interface ProcessFigures {
  /** Processor time since the start, seconds. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly uptimeSeconds: number;
}

export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    uptimeSeconds: process.uptime(),
  };
}

export interface DiskFigures {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Of the file system of a folder, as far as its user may use it; undefined if it cannot be looked at. */
export async function diskFigures(folder: string | undefined): Promise<DiskFigures | undefined> {
  if (folder === undefined) return undefined;
  const found = await statfs(folder).catch(() => undefined);
  return found && { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}
