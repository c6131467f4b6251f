/**
 * Whether the machine has enough left to start another program: processor, memory and disk, looked at every two seconds. What
 * runs is left alone. The thresholds are far from what a full classroom needs: 16 busy programs on two cores are a load of 8
 * for each core, and the kernel shares it out; at 20 even the start of a program takes seconds.
 */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ShortResource } from '@palimpsest/domain';

/** 0: not watched. */
export interface MachineThresholds {
  /** Most processes, for each core, that want to run: the load average of a minute. */
  readonly loadPerCore: number;
  /** Least memory that programs can still have, megabytes. */
  readonly freeMemoryMb: number;
  /** Least room in the executor's folder, megabytes. */
  readonly freeDiskMb: number;
}

export interface MachineReading {
  readonly loadPerCore: number;
  /** Per cent of the last ten seconds in which something waited for a processor; undefined on kernels that do not tell. */
  readonly pressure: number | undefined;
  readonly freeMemoryMb: number;
  readonly freeDiskMb: number;
}

export interface Shortage {
  readonly short: ShortResource;
  readonly measured: number;
  readonly threshold: number;
}

/** How far on the good side of a threshold a shortage is over, so that it does not begin and end every two seconds. */
const MARGIN = 1.25;
/**
 * The load average still tells of a rush a minute after it. Where the kernel knows how much is waited for now, a high load
 * alone is no shortage.
 */
const LITTLE_PRESSURE = 50;

/** Of what the machine is short. `before` is what it was short of at the last look. */
export function shortageOf(
  reading: MachineReading,
  thresholds: MachineThresholds,
  before: ShortResource | undefined,
): Shortage | undefined {
  const { loadPerCore, freeMemoryMb, freeDiskMb } = thresholds;
  const waits = reading.pressure === undefined || reading.pressure >= LITTLE_PRESSURE;
  const most = before === 'processor' ? loadPerCore / MARGIN : loadPerCore;
  if (loadPerCore > 0 && waits && reading.loadPerCore > most)
    return { short: 'processor', measured: rounded(reading.loadPerCore), threshold: loadPerCore };
  const low = (short: ShortResource, measured: number, least: number): Shortage | undefined =>
    least > 0 && measured < (before === short ? least * MARGIN : least)
      ? { short, measured: Math.round(measured), threshold: least }
      : undefined;
  return low('memory', reading.freeMemoryMb, freeMemoryMb) ?? low('disk', reading.freeDiskMb, freeDiskMb);
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** `folder`: whose file system is watched. Throws when the machine cannot be asked. */
export async function readMachine(folder: string): Promise<MachineReading> {
  const { bavail, bsize } = await statfs(folder);
  return {
    loadPerCore: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]) / availableParallelism(),
    pressure: processorPressure(),
    freeMemoryMb: Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024,
    freeDiskMb: (bavail * bsize) / 1024 ** 2,
  };
}

/** Pressure stall information is newer than some kernels and switched off on others. */
function processorPressure(): number | undefined {
  try {
    const average = /^some avg10=([\d.]+)/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1];
    return average === undefined ? undefined : Number(average);
  } catch {
    return undefined;
  }
}

const LOOK_MS = 2_000;

export interface MachineWatchOptions {
  readonly thresholds: MachineThresholds;
  readonly read: () => Promise<MachineReading>;
  /** The machine has become short of something, of something else, or of nothing any more. */
  readonly onChange: (shortage: Shortage | undefined) => void;
  readonly lookMs?: number;
}

export class MachineWatch {
  readonly #options: MachineWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #shortage: Shortage | undefined;
  #looking = false;

  constructor(options: MachineWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.lookMs ?? LOOK_MS);
    this.#timer.unref();
  }

  get shortage(): Shortage | undefined {
    return this.#shortage;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks now. A machine that cannot be asked is as it was. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const before = this.#shortage?.short;
      this.#shortage = shortageOf(await this.#options.read(), this.#options.thresholds, before);
      if (this.#shortage?.short !== before) this.#options.onChange(this.#shortage);
    } catch (error) {
      console.error('the machine cannot be watched:', error);
    } finally {
      this.#looking = false;
    }
  }
}
