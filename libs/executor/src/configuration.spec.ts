import { describe, expect, it } from '@jest/globals';
import { SettingFault } from '@palimpsest/settings';
import { readExecutorConfiguration } from './configuration.js';

const needed = { DATABASE_URL: 'postgres://x', PALIMPSEST_SCRATCH: '/tmp/x' };

describe('configuration of the executor', () => {
  it('has the limits that the first customer asked for', () => {
    const { limits } = readExecutorConfiguration(needed);
    expect(limits).toMatchObject({
      cpuSeconds: 30,
      processes: 50,
      scriptSeconds: 1_800,
      replSeconds: 3_600,
      idleSeconds: 900,
    });
    expect([limits.memoryBytes, limits.fileBytes]).toEqual([128 * 1024 * 1024, 10 * 1024 * 1024]);
  });

  it.each([
    ['MEMORY_LIMIT_MB', '32', true],
    ['MEMORY_LIMIT_MB', '31', false],
    ['EXECUTION_TIMEOUT', '1', true],
    ['EXECUTION_TIMEOUT', '0', false],
    ['MAX_PROCESSES', '1', false],
    ['MAX_IDLE_TIME', '1', true],
    ['MAX_IDLE_TIME', '0', false],
    ['WORKSPACE_LIMIT_MB', '1', true],
    ['WORKSPACE_LIMIT_MB', '0', false],
    ['MAX_WORKSPACE_ENTRIES', '1', true],
    ['MAX_WORKSPACE_ENTRIES', '0', false],
    ['WAITING_SANDBOXES', '0', true],
    ['WAITING_SANDBOXES', '201', false],
    ['FILE_SIZE_LIMIT_MB', '1.5', false],
    ['MAX_CONCURRENT_EXECUTIONS', '-1', false],
    ['MAX_REPL_AGE', 'an hour', false],
    ['EXECUTOR_UID', '0', false],
  ])('%s=%s is taken: %s', (name, value, taken) => {
    const read = () => readExecutorConfiguration({ ...needed, [name]: value });
    if (taken) expect(read).not.toThrow();
    else expect(read).toThrow(new RegExp(`^${name} is "${value}": it must be a whole number from`));
  });

  it.each(Object.keys(needed))('needs %s', (name) => {
    expect(() => readExecutorConfiguration({ ...needed, [name]: '' })).toThrow(SettingFault);
  });
});
