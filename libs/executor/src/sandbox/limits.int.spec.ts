import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
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

  test('memory is that of empty files in /tmp as well', async () => {
    const source = 'i = 0\nwhile True:\n  open(f"/tmp/{i}", "w").close()\n  i += 1\n';
    const memoryBytes = 48 * MIB;
    const trial = await fixture.run(source, { limits: { memoryBytes } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'out-of-memory', limitBytes: memoryBytes });
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

  test('output in the long run is as fast as its rate, and none of it is lost', async () => {
    const limits = { outputBytesPerSecond: 20_000 };
    const fast = await fixture.run('print("x" * 30_000)\n', { limits });
    const slow = await fixture.run('print("x" * 70_000)\n', { limits });
    expect((await fast.finished()).usage.wallMs).toBeLessThan((await slow.finished()).usage.wallMs);
    expect((await slow.session.ended).usage.wallMs).toBeGreaterThan(1400); // 70,000 less twice 20,000, at 20,000 a second
    expect(slow.output.match(/x/g)).toHaveLength(70_000);
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

  test('idle time ends a program that neither computes nor gets input, and input keeps it open', async () => {
    const source = 'print("ready", flush=True)\nwhile True: input()\n';
    const limits = { idleSeconds: 1.5 };
    const left = await fixture.run(source, { limits });
    const used = await fixture.run(source, { limits });
    const typing = setInterval(() => used.session.write('x\r'), 200);
    expect(await outcomeOf(left)).toEqual({ kind: 'timed-out', limit: 'idle', seconds: 1.5 });
    clearInterval(typing);
    expect((await used.session.ended).usage.wallMs).toBeGreaterThan((await left.session.ended).usage.wallMs);
  });

  test('idle time does not end a program that computes', async () => {
    const source = 'import time\nend = time.time() + 1.5\nwhile time.time() < end: pass\n';
    const trial = await fixture.run(source, { limits: { idleSeconds: 0.6 } });
    await eventually(() => trial.script !== undefined, 'the end of the script');
    expect(trial.script).toEqual({ kind: 'completed' });
    expect(await outcomeOf(trial)).toEqual({ kind: 'timed-out', limit: 'idle', seconds: 0.6 });
  });

  test('the workspace holds exactly its quota, in as many files as there are', async () => {
    const source = (bytes: number) =>
      `for i in range(4): open(f"f{i}", "wb").write(bytes(1 << 18))\nopen("f3", "ab").write(bytes(${bytes}))\n`;
    const script = Buffer.byteLength(source(0));
    const limits = { workspaceBytes: MIB + script };
    const within = await fixture.run(source(0), { limits });
    await new Promise((resolve) => setTimeout(resolve, 500)); // some readings
    expect((await within.finished()).outcome).toEqual({ kind: 'exited', code: 0 });
    const beyond = await fixture.run(source(1), { limits });
    expect(await outcomeOf(beyond)).toEqual({ kind: 'workspace-limit', limit: 'bytes', most: MIB + script });
  });

  test('a workspace that is written to for ever ends soon after its quota', async () => {
    const source = `
i = 0
while True:
    open(f"f{i}", "wb").write(bytes(1 << 20))
    i += 1
`;
    let left = 0;
    const trial = await fixture.run(source, {
      limits: { workspaceBytes: 20 * MIB },
      onEnded: async (workspace) => void (left = (await readdir(workspace)).length),
    });
    expect(await outcomeOf(trial)).toEqual({ kind: 'workspace-limit', limit: 'bytes', most: 20 * MIB });
    expect(left).toBeGreaterThanOrEqual(20);
  });

  test.each([
    ['deleted and open', 'os.unlink(f.name)\n    held.append(f)'],
    ['deleted and only mapped', 'held.append(mmap.mmap(f.fileno(), 4096))\n    os.unlink(f.name)\n    f.close()'],
    ['in a folder that is locked', 'os.chmod("d", 0)\n    os.chmod("d", 0o700)\nos.chmod("d", 0)'],
    ['under a name that is no UTF-8', 'os.rename(f.name, os.fsencode(f.name) + b"\\xff\\xfe")'],
    ['under a path that is too long', 'pass', 'for i in range(30): os.mkdir("p" * 200); os.chdir("p" * 200)'],
  ])('files count when they are %s', async (_, hide, before = '') => {
    const source = `
import mmap, os, time
os.mkdir("d")
held = []
${before}
for i in range(12):
    f = open(f"${before === '' ? 'd/' : ''}f{i}", "wb+")
    f.write(bytes(1 << 20)); f.flush()
    ${hide}
end = time.time() + 20
while time.time() < end: time.sleep(0.01)
`;
    const trial = await fixture.run(source, { limits: { workspaceBytes: 11 * MIB } });
    expect(await outcomeOf(trial)).toEqual({ kind: 'workspace-limit', limit: 'bytes', most: 11 * MIB });
  });

  test('files and folders are bounded in number', async () => {
    const source = (count: number) => `
import os
for i in range(${count}): os.mkdir(f"d{i}")
`;
    const limits = { workspaceEntries: 100 };
    const within = await fixture.run(source(99), { limits });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await within.finished()).outcome).toEqual({ kind: 'exited', code: 0 });
    const beyond = await fixture.run(source(100), { limits });
    expect(await outcomeOf(beyond)).toEqual({ kind: 'workspace-limit', limit: 'entries', most: 100 });
  });

  test('folders are bounded in depth', async () => {
    const source = (depth: number) => `
import os
for i in range(${depth}): os.mkdir("d"); os.chdir("d")
`;
    expect((await (await fixture.run(source(100))).finished()).outcome).toEqual({ kind: 'exited', code: 0 });
    const beyond = await fixture.run(source(101));
    expect(await outcomeOf(beyond)).toEqual({ kind: 'workspace-limit', limit: 'depth', most: 100 });
  });

  test('a symbolic link does not count for what it leads to', async () => {
    const source = 'import os\nfor i in range(50): os.symlink("/usr", f"l{i}")\nos.symlink("..", "up")\n';
    const trial = await fixture.run(source, { limits: { workspaceEntries: 60, workspaceBytes: MIB } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await trial.finished()).outcome).toEqual({ kind: 'exited', code: 0 });
  });
});
