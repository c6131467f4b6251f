/**
 * What hostile programs try, each attempt with the end that it must come to. All of it holds by the sandbox alone: whatever
 * rules there may be inside Python are not loaded. On Linux nothing of this is skipped: where bubblewrap cannot start, it fails.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { assemble, give, VERDICT } from '../bpf.js';
import { isAlive } from '../process-tree.js';
import { createSandboxFixture, TEST_IDENTITY, type SandboxFixture, type Trial } from '../sandbox-fixture.js';
import { selfTest } from '../self-test.js';
import { isSandboxArchitecture } from '../seccomp.js';
import { SYSCALL_NUMBERS } from '../syscalls.js';
import { ATTACKS, type Attack } from './attacks.js';
import { PROBES, RUNNER, type Probe } from './probes.js';

const WAIT = 120_000;
/** Attacks that run at the same time. */
const AT_ONCE = 3;
const SECRET = 'do not tell';
/** Nobody else's, so that what this uid leaves behind is known. */
const IDENTITY = TEST_IDENTITY && { uid: 70_000 + (process.pid % 4000), gid: 70_000 + (process.pid % 4000) };

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux.each([
  ['started for it', false],
  ['that waited', true],
] as const)('a hostile program in a sandbox %s', (_, waiting) => {
  let fixture: SandboxFixture;
  let server: Server;
  const verdicts = new Map<string, string>();
  const ends = new Map<string, Promise<AttackEnd>>();

  beforeAll(async () => {
    process.env['PALIMPSEST_SPEC_SECRET'] = SECRET;
    fixture = await createSandboxFixture({ waiting, identity: IDENTITY });
    server = createServer().listen(`\0${hostSocket(fixture)}`);
    for (const probes of Object.values(PROBES))
      for (const [name, verdict] of await runProbes(fixture, probes)) verdicts.set(name, verdict);
    const free = places(AT_ONCE);
    for (const attack of ATTACKS)
      ends.set(
        attack.name,
        free(() => carryOut(fixture, attack)),
      );
  }, WAIT);

  afterAll(async () => {
    await Promise.allSettled([...ends.values()]);
    await fixture.dispose();
    server.close();
    delete process.env['PALIMPSEST_SPEC_SECRET'];
    await eventually(
      () => processesOf(fixture.folder).length === 0,
      () => `an end of ${processesOf(fixture.folder)}`,
    );
    expect(filesLeft(fixture)).toEqual([]);
  }, WAIT);

  test('finds a sandbox that passes its self-test', async () => {
    const { level, reason } = await selfTest(fixture.sandbox, join(fixture.folder, 'trial'));
    expect([level, reason]).toEqual(fixture.sandbox.cgroups === null ? ['no-cgroup', reason] : ['full', null]);
  });

  describe.each(Object.entries(PROBES))('attacks %s', (_, probes) => {
    test.each(probes.map((probe) => [probe.name, probe] as const))('%s', (name, probe) => {
      expect(verdictProblem(probe, verdicts.get(name))).toBeUndefined();
    });
  });

  describe('attacks its limits', () => {
    test.each(ATTACKS.map((attack) => [attack.name, attack] as const))(
      '%s',
      async (name, attack) => {
        if (attack.needsCgroup && fixture.sandbox.cgroups === null) return;
        const { left, outcome, script, output } = (await ends.get(name)) as AttackEnd;
        expect({ outcome, left }).toEqual({ outcome: attack.outcome, left: [] });
        if (attack.script) expect(script).toEqual(attack.script);
        if (attack.prints !== undefined) expect(output).toMatch(attack.prints);
        if (attack.neverPrints !== undefined) expect(output).not.toContain(attack.neverPrints);
      },
      WAIT,
    );
  });

  test('cannot reach or end the program of somebody else', async () => {
    const victim = await fixture.run(
      'import time\nopen("mine.txt", "w").write("x")\nprint("here", flush=True)\ntime.sleep(100)\n',
    );
    await victim.shows('here');
    const source = `
import os
for pid in range(2, 5000):
    if pid != os.getpid():
        try: os.kill(pid, 9)
        except OSError: pass
print([os.path.exists(path) for path in (${JSON.stringify(victim.sandbox.workspace)}, "/workspace/mine.txt")])
print("done", flush=True)
os._exit(0)
`;
    const attacker = await fixture.run(source);
    expect((await attacker.session.ended).outcome).toEqual({ kind: 'exited', code: 0 });
    expect(attacker.output).toContain('[False, False]\ndone\n');
    expect(victim.session.isPrompt).toBe(false);
    expect(victim.sandbox.isGone).toBe(false);
    victim.session.stop({ kind: 'cancelled' });
    expect((await victim.session.ended).outcome).toEqual({ kind: 'cancelled' });
    expect(leftOver(fixture, victim)).toEqual([]);
  });

  if (!waiting)
    test('would be noticed without the filter of system calls', async () => {
      writeFileSync(join(fixture.sandbox.files, 'seccomp.bpf'), assemble([give(VERDICT.ALLOW)]));
      const probes = [...PROBES.kernel, ...PROBES.network, ...PROBES.terminal];
      const found = await runProbes(fixture, probes);
      const missed = probes.filter((probe) => verdictProblem(probe, found.get(probe.name)) !== undefined);
      expect(missed.length).toBeGreaterThan(25);
    });
});

/** Runs one after the other at `count` places. */
function places(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const free = Array.from({ length: count }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const place = next++ % count;
    const done = (free[place] as Promise<void>).then(work);
    free[place] = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  };
}

const hostSocket = (fixture: SandboxFixture) => `palimpsest-adversary ${fixture.folder}`;

/** Runs probes that share a sandbox. Those after one that ended the program have no verdict. */
async function runProbes(fixture: SandboxFixture, probes: readonly Probe[]): Promise<ReadonlyMap<string, string>> {
  if (!isSandboxArchitecture(process.arch)) throw new Error(`no filter for ${process.arch}`);
  const places = `
HOST_FOLDER = ${JSON.stringify(fixture.folder)}
HOST_SOCKET = ${JSON.stringify(hostSocket(fixture))}
DATABASE_SOCKET = ${JSON.stringify(databaseSocket())}
`;
  const trial = await fixture.run(places + RUNNER, {
    files: {
      'probes.json': JSON.stringify(probes.map(({ name, code }) => [name, code])),
      'numbers.json': JSON.stringify(Object.fromEntries(SYSCALL_NUMBERS[process.arch])),
    },
  });
  const { outcome } = await trial.session.ended;
  const verdicts = [...trial.output.matchAll(/^VERDICT (.*)$/gm)].map(
    (match) => JSON.parse(match[1] ?? '') as [string, string],
  );
  if (outcome.kind !== 'exited')
    verdicts.push(['', `the probes ended as ${outcome.kind}: ${trial.output.slice(-500)}`]);
  return new Map(verdicts);
}

function databaseSocket(): string {
  const url = process.env['PALIMPSEST_TEST_DATABASE_URL'] ?? '';
  const folder = /[?&]host=([^&]+)/.exec(url)?.[1];
  return join(decodeURIComponent(folder ?? '/run/postgresql'), '.s.PGSQL.5432');
}

/** Undefined when it is the verdict that is expected. */
function verdictProblem(probe: Probe, verdict: string | undefined): string | undefined {
  const holds =
    verdict !== undefined &&
    (typeof probe.verdict === 'string' ? verdict === probe.verdict : probe.verdict.test(verdict));
  return holds ? undefined : `${verdict ?? 'nothing'} instead of ${String(probe.verdict)}`;
}

interface AttackEnd {
  readonly outcome: unknown;
  readonly script: unknown;
  readonly output: string;
  readonly left: readonly string[];
}

async function carryOut(fixture: SandboxFixture, attack: Attack): Promise<AttackEnd> {
  const trial = await fixture.run(attack.source, { limits: attack.limits ?? {} });
  if (attack.drive) await attack.drive(trial);
  else void leaveConsole(trial);
  const { outcome } = await trial.session.ended;
  return { outcome, script: trial.script, output: trial.output, left: leftOver(fixture, trial) };
}

/** Ctrl-D as soon as there is a prompt, if there will be one. */
async function leaveConsole(trial: Trial): Promise<void> {
  await Promise.race([trial.session.ended, eventually(() => trial.output.endsWith('>>> '), 'a prompt', 60_000)]).catch(
    () => undefined,
  );
  trial.session.write('\x04');
}

/** What of a run is still there after its end. */
function leftOver(fixture: SandboxFixture, { folder, sandbox }: Trial): readonly string[] {
  const cgroups = fixture.sandbox.cgroups?.folders.map((parent) => join(parent, sandbox.id)) ?? [];
  const there = [folder, ...cgroups].filter((path) => existsSync(path));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${folder}/`));
  const alive = sandbox.init !== undefined && isAlive(sandbox.init) ? [`process ${sandbox.init.pid}`] : [];
  return [...there, ...mounts, ...alive, ...processesOf(`${folder}/`)];
}

/** Processes whose arguments name this folder, or that run as the user of these tests: alive, and not merely waited for. */
function processesOf(folder: string): readonly string[] {
  const own = folder.includes('/run-') ? undefined : IDENTITY?.uid;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        if (/^State:\s+[ZX]/m.test(status)) return [];
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return uid === own || command.includes(folder) ? [`${pid} ${command.slice(0, 60)}`] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** Files in the places that everybody may write to, of the user of these tests. */
function filesLeft(fixture: SandboxFixture): readonly string[] {
  const left = existsSync(fixture.folder) ? [fixture.folder] : [];
  if (IDENTITY === null) return left;
  for (const folder of ['/tmp', '/dev/shm', '/var/tmp'])
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      try {
        if (lstatSync(path).uid === IDENTITY.uid) left.push(path);
      } catch {
        continue; // removed meanwhile
      }
    }
  return left;
}
