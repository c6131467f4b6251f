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
    ['MAX_OUTPUT_MB', '1', true],
    ['MAX_OUTPUT_MB', '0', false],
    ['MAX_OUTPUT_MB', '1025', false],
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
    ['MAX_CONCURRENT_EXECUTIONS', '1', true],
    ['MAX_CONCURRENT_EXECUTIONS', '1000', true],
    ['MAX_CONCURRENT_EXECUTIONS', '0', false],
    ['MAX_CONCURRENT_EXECUTIONS', '1001', false],
    ['MAX_CONCURRENT_EXECUTIONS', '1e2', false],
    ['MAX_PROMPTS', '1', true],
    ['MAX_PROMPTS', '0', false],
    ['CLEANUP_INTERVAL_MS', '1000', true],
    ['CLEANUP_INTERVAL_MS', '999', false],
    ['CLEANUP_INTERVAL_MS', '86400001', false],
    ['JOB_LOCK_MS', '2000', true],
    ['JOB_LOCK_MS', '1999', false],
    ['JOB_LOCK_MS', '600000', true],
    ['JOB_LOCK_MS', '600001', false],
    ['MAX_LOAD_PER_CORE', '0', true],
    ['MIN_FREE_MEMORY_MB', '-1', false],
    ['MIN_FREE_DISK_MB', 'plenty', false],
  ])('%s=%s is taken: %s', (name, value, taken) => {
    const read = () => readExecutorConfiguration({ ...needed, [name]: value });
    if (taken) expect(read).not.toThrow();
    else expect(read).toThrow(new RegExp(`^${name} is "${value}": it must be a whole number from`));
  });

  it.each([
    ['a', true],
    ['executor-1', true],
    ['lab.2_b', true],
    ['x'.repeat(63), true],
    ['x'.repeat(64), false],
    ['../other', false],
    ['-x', false],
    ['a b', false],
    ['a/b', false],
  ])('an executor may be named "%s": %s', (name, taken) => {
    const read = () => readExecutorConfiguration({ ...needed, EXECUTOR_NAME: name });
    if (taken) expect(read().name).toBe(name);
    else expect(read).toThrow(/^EXECUTOR_NAME is ".*": it must be 1 to 63 letters/);
  });

  it.each(Object.keys(needed))('needs %s', (name) => {
    expect(() => readExecutorConfiguration({ ...needed, [name]: '' })).toThrow(SettingFault);
  });
});
