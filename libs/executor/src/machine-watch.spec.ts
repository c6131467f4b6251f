import { describe, expect, it } from '@jest/globals';
import {
  type MachineReading,
  MachineWatch,
  type MachineThresholds,
  type Shortage,
  shortageOf,
} from './machine-watch.js';

const thresholds: MachineThresholds = { loadPerCore: 20, freeMemoryMb: 256, freeDiskMb: 512 };
const idle: MachineReading = { loadPerCore: 0.1, pressure: 1, freeMemoryMb: 4_000, freeDiskMb: 9_000 };

describe('what a machine is short of', () => {
  it.each([
    ['nothing', {}, undefined, undefined],
    ['a load at the threshold', { loadPerCore: 20, pressure: 99 }, undefined, undefined],
    ['a load above it', { loadPerCore: 20.1, pressure: 99 }, undefined, 'processor'],
    ['a load above it that is over already', { loadPerCore: 30, pressure: 10 }, undefined, undefined],
    ['a load above it, on a kernel without pressure', { loadPerCore: 30, pressure: undefined }, undefined, 'processor'],
    ['a load that has not fallen far enough', { loadPerCore: 17, pressure: 80 }, 'processor', 'processor'],
    ['a load that has', { loadPerCore: 16, pressure: 80 }, 'processor', undefined],
    ['memory at the threshold', { freeMemoryMb: 256 }, undefined, undefined],
    ['memory below it', { freeMemoryMb: 255.9 }, undefined, 'memory'],
    ['memory that has not risen far enough', { freeMemoryMb: 319 }, 'memory', 'memory'],
    ['memory that has', { freeMemoryMb: 320 }, 'memory', undefined],
    ['disk below its threshold', { freeDiskMb: 511 }, undefined, 'disk'],
    ['disk that has not risen far enough', { freeDiskMb: 600 }, 'disk', 'disk'],
    ['another shortage than before', { freeDiskMb: 511, freeMemoryMb: 300 }, 'processor', 'disk'],
  ] as const)('%s', (_, change, before, expected) => {
    expect(shortageOf({ ...idle, ...change }, thresholds, before)?.short).toBe(expected);
  });

  it('0 switches a threshold off', () => {
    const off = { loadPerCore: 0, freeMemoryMb: 0, freeDiskMb: 0 };
    expect(shortageOf({ loadPerCore: 1_000, pressure: 100, freeMemoryMb: 0, freeDiskMb: 0 }, off, undefined)).toBe(
      undefined,
    );
  });

  it('is told when it changes and not in between; a machine that cannot be asked is as it was', async () => {
    const told: (Shortage | undefined)[] = [];
    let reading: MachineReading | Error = idle;
    const watch = new MachineWatch({
      thresholds,
      read: () => (reading instanceof Error ? Promise.reject(reading) : Promise.resolve(reading)),
      onChange: (shortage) => told.push(shortage),
    });
    for (const next of [idle, { ...idle, freeMemoryMb: 10 }, { ...idle, freeMemoryMb: 9 }]) {
      reading = next;
      await watch.look();
    }
    expect(told).toEqual([{ short: 'memory', measured: 10, threshold: 256 }]);
    reading = new Error('no /proc');
    await watch.look();
    expect(watch.shortage?.short).toBe('memory');
    reading = idle;
    await watch.look();
    expect(told).toHaveLength(2);
    expect(told[1]).toBeUndefined();
    watch.close();
  });
});
