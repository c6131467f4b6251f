import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS } from './limits.js';
import { isAlive } from './process-tree.js';
import { RunSession } from './run-session.js';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';
import { SandboxPool, type PoolOptions } from './sandbox-pool.js';
import type { StartedSandbox } from './started-sandbox.js';

let fixture: SandboxFixture;
let folder: string;
const pools: SandboxPool[] = [];

beforeAll(async () => void (fixture = await createSandboxFixture()));
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  expect(await readdir(folder)).toEqual([]);
  expect(cgroups()).toEqual([]);
});
afterAll(async () => fixture.dispose());

async function createPool(options: Partial<PoolOptions> = {}): Promise<SandboxPool> {
  folder = join(fixture.folder, `pool-${randomUUID()}`);
  await mkdir(folder, { mode: 0o755 });
  const pool = new SandboxPool(fixture.sandbox, { folder, size: 1, limits: DEFAULT_LIMITS, ...options });
  pools.push(pool);
  return pool;
}

const full = (pool: SandboxPool, size = 1) => eventually(() => pool.waiting === size, `${size} that wait`);

function cgroups(): readonly string[] {
  const [parent] = fixture.sandbox.cgroups?.folders ?? [];
  if (parent === undefined) return [];
  return readdirSync(parent, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

interface Ran {
  readonly output: string;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly outcome: string;
}

async function runIn(sandbox: StartedSandbox, source: string, limits = DEFAULT_LIMITS): Promise<Ran> {
  await writeFile(join(sandbox.workspace, 'main.py'), source);
  let output = '';
  const session = await RunSession.start(sandbox, {
    ...{ mode: 'script', entry: 'main.py', limits, columns: 100, rows: 30 },
    onOutput: (bytes) => {
      output += bytes.toString('utf8');
      if (output.endsWith('>>> ')) session.write('\x04');
    },
    onPrompt: () => undefined,
  });
  const { outcome, usage } = await session.ended;
  return { output, outcome: outcome.kind, cpuMs: usage.cpuMs, wallMs: usage.wallMs };
}

describe('the pool', () => {
  test('gives one that waited, in the folder of its run, and replaces it', async () => {
    const pool = await createPool();
    await full(pool);
    const taken = await pool.take();
    await pool.assign(taken, 'a-run');
    expect(taken.folder).toBe(join(folder, 'a-run'));
    expect(await taken.ready).toBe(true);
    await full(pool);
    const ran = await runIn(taken, 'import os\nprint(os.listdir(), os.get_terminal_size())\n');
    expect(ran.output).toContain("['main.py'] os.terminal_size(columns=100, lines=30)");
    expect(existsSync(join(folder, 'a-run'))).toBe(false);
    expect(pool.waiting).toBe(1);
  });

  test('starts one for each run beyond those that wait', async () => {
    const pool = await createPool();
    await full(pool);
    const taken = await Promise.all(['a', 'b', 'c'].map(() => pool.take()));
    expect(new Set(taken.map(({ pid }) => pid)).size).toBe(3);
    const ran = await Promise.all(taken.map((sandbox, n) => runIn(sandbox, `print("run", ${n})\n`)));
    expect(ran.map(({ output }) => /run \d/.exec(output)?.[0])).toEqual(['run 0', 'run 1', 'run 2']);
  });

  test('of size 0 starts each when it is asked for', async () => {
    const pool = await createPool({ size: 0 });
    expect((await runIn(await pool.take(), 'print("ran")\n')).output).toContain('ran');
    expect(pool.waiting).toBe(0);
  });

  test('replaces one that died', async () => {
    const pool = await createPool();
    await full(pool);
    const [first] = await readdir(folder);
    const victim = (await pool.take()) as StartedSandbox;
    await full(pool);
    const { init } = victim;
    victim.kill();
    await victim.exited;
    await victim.dispose();
    expect(init && isAlive(init)).toBe(false);
    expect(await readdir(folder)).not.toContain(first);
    // One that dies while it waits, ended as by the kernel when memory runs out.
    const [waiting = ''] = await readdir(folder);
    const [pid = 0] = pidsOf(waiting);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => pool.waiting === 1 && !(await readdir(folder)).includes(waiting), 'the replacement');
    expect((await runIn(await pool.take(), 'print("ran")\n')).output).toContain('ran');
  });

  test('throws away one that has waited for too long', async () => {
    const pool = await createPool({ mostAgeMs: 400 });
    await full(pool);
    const [first = ''] = await readdir(folder);
    await eventually(async () => pool.waiting === 1 && !(await readdir(folder)).includes(first), 'another one');
  });

  test('charges nothing of the waiting to the run', async () => {
    const pool = await createPool();
    await full(pool);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const taken = await pool.take();
    const ran = await runIn(taken, 'pass\n', { ...DEFAULT_LIMITS, scriptSeconds: 1, idleSeconds: 1 });
    expect(ran.outcome).toBe('exited');
    expect(ran.wallMs).toBeLessThan(performance.now() - taken.startedAt - 1400);
  });

  test('gives the limits of the run, whatever was allowed while it waited', async () => {
    const pool = await createPool();
    await full(pool);
    const limits = { ...DEFAULT_LIMITS, memoryBytes: 48 * 1024 * 1024, processes: 7, fileBytes: 1000 };
    const source = `
import resource
print([resource.getrlimit(r)[0] for r in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE)], flush=True)
data = bytearray(64 * 1024 * 1024)
import time
time.sleep(10)
`;
    const ran = await runIn(await pool.take(), source, limits);
    expect(ran.output).toContain('[7, 1000]');
    expect(ran.outcome).toBe('out-of-memory');
  });

  test('keeps the orders from the program: no descriptor and no path leads to them', async () => {
    const pool = await createPool();
    await full(pool);
    const source = `
import os, stat
def name(fd):
    try: return stat.S_IFMT(os.fstat(fd).st_mode)
    except OSError: return None
print([fd for fd in range(1024) if name(fd) is not None], flush=True)
for folder, folders, files in os.walk("/", followlinks=False):
    if folder.startswith("/usr"): folders.clear()
    if "orders" in files: print("found", folder)
try: os.read(7, 1)
except OSError as error: print(error.strerror)
`;
    const ran = await runIn(await pool.take(), source);
    expect(ran.output).toContain('[0, 1, 2, 8]\r\nBad file descriptor\r\n');
  });

  test('removes what one that was killed had waiting, and no folder of a run', async () => {
    const first = await createPool({ size: 0 });
    for (const name of ['waiting-left', 'a-run']) await mkdir(join(folder, name, 'workspace'), { recursive: true });
    const next = new SandboxPool(fixture.sandbox, { folder, size: 0, limits: DEFAULT_LIMITS });
    await eventually(async () => (await readdir(folder)).join() === 'a-run', 'the left-over folder is gone');
    await Promise.all([first.close(), next.close()]);
    await rmdir(join(folder, 'a-run', 'workspace'));
    await rmdir(join(folder, 'a-run'));
  });

  test('leaves nothing when it is closed, also while one is starting', async () => {
    const pool = await createPool({ size: 3 });
    await eventually(() => pool.waiting > 0, 'the first');
    await pool.close();
    expect(pool.waiting).toBe(0);
  });
});

/** Host's ids of the processes in the cgroup of a sandbox; without cgroups, those of the sandbox's only waiting process. */
function pidsOf(id: string): readonly number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, 'latin1');
      if (line.includes(id) && line.startsWith('/usr/bin/bwrap')) found.push(Number(entry));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
