import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandboxFixture, type SandboxFixture, type Trial } from './sandbox-fixture.js';

const MIB = 1024 * 1024;
const LIMIT = { kind: 'out-of-memory', limitBytes: 128 * MIB };

async function outcomeOf(trial: Trial) {
  return (await trial.session.ended).outcome;
}

describe.each(['full', 'no-cgroup'] as const)('limits at level %s', (level) => {
  let fixture: SandboxFixture;
  beforeAll(async () => void (fixture = await createSandboxFixture({ cgroup: level === 'full' })));
  afterAll(async () => fixture.dispose());

  test('CPU time ends a busy loop', async () => {
    const trial = await fixture.run('while True: pass\n', { limits: { cpuSeconds: 1 } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'timed-out', limit: 'cpu', seconds: 1 });
  });

  test('CPU time ends one that ignores SIGXCPU', async () => {
    const source = 'import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass\n';
    const trial = await fixture.run(source, { limits: { cpuSeconds: 1 } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'timed-out', limit: 'cpu', seconds: 1 });
  });

  test('CPU time is that of all processes together', async () => {
    const source = 'import os\nfor i in range(3): os.fork()\nwhile True: pass\n';
    const trial = await fixture.run(source, { limits: { cpuSeconds: 2 } });
    const end = await trial.session.ended;
    expect(end.outcome).toEqual({ kind: 'timed-out', limit: 'cpu', seconds: 2 });
    expect(end.usage.cpuMs).toBeLessThan(4000);
  });

  test('wall time ends a script that only waits', async () => {
    const trial = await fixture.run('input()\n', { limits: { scriptSeconds: 0.5 } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'timed-out', limit: 'wall', seconds: 0.5 });
  });

  test('wall time of the console is its own', async () => {
    const trial = await fixture.run('', { limits: { scriptSeconds: 20, replSeconds: 0.5 } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'timed-out', limit: 'wall', seconds: 0.5 });
  });

  test('memory ends a program that takes 200 MB', async () => {
    const trial = await fixture.run('import time\ndata = bytearray(200 * 1024 * 1024)\ntime.sleep(5)\n');
    expect(await outcomeOf(trial)).toEqual(LIMIT);
  });

  test('memory is that of all processes together', async () => {
    const source = `
import os, time
for i in range(6):
    if os.fork() == 0:
        data = bytearray(60 * 1024 * 1024)
        time.sleep(5)
        os._exit(0)
time.sleep(5)
`;
    expect(await outcomeOf(await fixture.run(source))).toEqual(LIMIT);
  });

  test('memory that cannot be had at all is a MemoryError', async () => {
    const trial = await fixture.run('data = bytearray(2 * 1024 ** 3)\n');
    await trial.finished();
    expect(trial.script).toEqual({ kind: 'raised', exception: 'MemoryError' });
  });

  test('processes are bounded, and a fork bomb ends with its run', async () => {
    const source = `
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(100)
        made += 1
except OSError as error:
    print("made", made, type(error).__name__, flush=True)
while True:
    try: os.fork()
    except OSError: pass
`;
    const trial = await fixture.run(source);
    await trial.shows('BlockingIOError');
    const made = Number(/made (\d+)/.exec(trial.output)?.[1]);
    expect(made).toBeGreaterThan(30);
    expect(made).toBeLessThanOrEqual(50);
    trial.session.stop({ kind: 'cancelled' });
    expect(await outcomeOf(trial)).toEqual({ kind: 'cancelled' });
  });

  test('output is cut at its limit', async () => {
    const trial = await fixture.run('while True: print("spam" * 100)\n', { limits: { outputBytes: 300_000 } });
    const end = await trial.session.ended;
    expect(end.outcome).toEqual({ kind: 'output-limit', limitBytes: 300_000 });
    expect(end.usage.outputBytes).toBe(300_000);
    expect(Buffer.concat(trial.raw)).toHaveLength(300_000);
  });

  test('output of the console counts as well', async () => {
    const trial = await (await fixture.run(null, { limits: { outputBytes: 50_000 } })).console();
    trial.session.write('while True: print("spam" * 100)\r\r');
    expect(await outcomeOf(trial)).toEqual({ kind: 'output-limit', limitBytes: 50_000 });
  });

  test('a file grows to 10 MB and no further', async () => {
    const source = `
import os
with open("big", "wb") as f:
    try:
        while True: f.write(bytes(1 << 20))
    except OSError as error: print(error.strerror)
print(os.stat("big").st_size)
try: os.posix_fallocate(os.open("other", os.O_CREAT | os.O_WRONLY), 0, 11 << 20)
except OSError as error: print("fallocate:", error.strerror)
`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.output).toContain(`File too large\n${10 * MIB}\nfallocate: File too large`);
  });
});
