/**
 * Whether this machine can hold a student's program, tried out in a real sandbox before the first run. What is tried is what
 * is promised: a machine on which one promise fails runs nothing, and says in one sentence what to do about it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunOutcome } from '@palimpsest/domain';
import { BUBBLEWRAP, PYTHON } from './arguments.js';
import { DEFAULT_LIMITS } from './limits.js';
import { removeFolder } from './remove-folder.js';
import { RunSession } from './run-session.js';
import { handOver, type Sandbox } from './sandbox.js';
import { StartedSandbox } from './started-sandbox.js';

/**
 * `full`: all limits are exact. `no-cgroup`: isolated, but the memory limit is kept by measuring four times a second.
 * `none`: nothing may be run. `reason` is a sentence for the person who runs the server; null at level `full`.
 */
export type SelfTestResult =
  | { readonly level: 'full'; readonly reason: null }
  | { readonly level: 'no-cgroup'; readonly reason: string }
  | { readonly level: 'none'; readonly reason: string };

const MIB = 1024 * 1024;
/** Small, so that the trial costs a tenth of a second; the kernel's way is the same at every size. */
const TRIAL_LIMITS = { ...DEFAULT_LIMITS, memoryBytes: 64 * MIB, cpuSeconds: 10, scriptSeconds: 20, replSeconds: 20 };
const VERDICT = /SELF-TEST:([a-z-,]*);/;

/** Each check prints its name if the promise is broken. */
const TRIAL = `
import ctypes, errno, os, socket
broken = []
def must_fail(name, attempt, *numbers):
    try:
        attempt()
    except OSError as error:
        if not numbers or error.errno in numbers:
            return
    broken.append(name)
def call(name, *args):
    if getattr(libc, name)(*args) == -1:
        raise OSError(ctypes.get_errno(), name)
libc = ctypes.CDLL(None, use_errno=True)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    must_fail('network', lambda: socket.socket(family, socket.SOCK_DGRAM))
must_fail('processes-visible', lambda: os.stat('/proc/self'))
must_fail('host-files', lambda: open('/etc/shadow'))
for path in ('/root', '/home', '/srv', '/var', '/etc/ssh', '/sys/kernel'):
    must_fail('host-files', lambda: os.listdir(path))
for path in ('/trial', '/etc/trial', '/usr/trial', '/dev/trial', '/palimpsest/trial'):
    must_fail('write-outside', lambda: open(path, 'w'))
must_fail('seccomp', lambda: call('unshare', 0x10000000), errno.EPERM)
must_fail('seccomp', lambda: call('ptrace', 0, 0, 0, 0), errno.EPERM)
must_fail('seccomp', lambda: call('chroot', b'/'), errno.EPERM)
must_fail('root', lambda: os.setuid(0))
if 0 in os.getresuid() + os.getresgid():
    broken.append('root')
if set(os.environ) - $VARIABLES:
    broken.append('environment')
try:
    open('/workspace/trial', 'w').close()
except OSError:
    broken.append('workspace')
print('SELF-TEST:' + ','.join(sorted(set(broken))) + ';', flush=True)
os._exit(0)
`.replace(
  '$VARIABLES',
  "set('PATH HOME USER LANG TERM PWD PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS OMP_NUM_THREADS MPLBACKEND MPLCONFIGDIR LC_CTYPE'.split())",
);

const HOG = `data = bytearray(${96 * MIB})\nprint('survived')\nimport os\nos._exit(0)\n`;

/** Tries the sandbox. `folder` must be writable; what it makes there it removes. */
export async function selfTest(sandbox: Sandbox, folder: string): Promise<SelfTestResult> {
  const obstacle = obvious(sandbox);
  if (obstacle !== undefined) return { level: 'none', reason: obstacle };
  const isolation = await attempt(() => testIsolation(sandbox, folder));
  if (isolation !== undefined) return { level: 'none', reason: isolation };
  if (sandbox.cgroups === null) return withoutCgroup('this user may not make one with a memory limit');
  const memory = await attempt(() => testMemory(sandbox, folder));
  return memory === undefined ? { level: 'full', reason: null } : withoutCgroup(memory);
}

function withoutCgroup(cause: string): SelfTestResult {
  const effect = 'The memory limit is best effort (measured four times a second), since no cgroup can be used';
  return {
    level: 'no-cgroup',
    reason: `${effect}: ${cause}. Start the server as root, or delegate a cgroup to it (systemd: Delegate=yes).`,
  };
}

async function attempt(test: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await test();
  } catch (error) {
    return `The sandbox could not be tried: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function obvious(sandbox: Sandbox): string | undefined {
  const uid = sandbox.runAs?.uid ?? process.getuid?.();
  if (uid === 0)
    return 'Programs would run as root: start the executor with an unprivileged EXECUTOR_UID, or as an ordinary user.';
  if (!existsSync(BUBBLEWRAP)) return `There is no ${BUBBLEWRAP}: install bubblewrap (Debian: apt install bubblewrap).`;
  if (!existsSync(PYTHON)) return `There is no ${PYTHON}: install Python (Debian: apt install python3).`;
  return undefined;
}

async function testIsolation(sandbox: Sandbox, folder: string): Promise<string | undefined> {
  const { outcome, output } = await runTrial(sandbox, join(folder, 'self-test-isolation'), TRIAL);
  const broken = VERDICT.exec(output)?.[1];
  if (broken === '') return undefined;
  if (broken !== undefined) return `The sandbox does not hold here (${broken}): nothing is run. Please report this.`;
  return explain(outcome, output);
}

async function testMemory(sandbox: Sandbox, folder: string): Promise<string | undefined> {
  const { outcome } = await runTrial(sandbox, join(folder, 'self-test-memory'), HOG);
  if (outcome.kind === 'out-of-memory') return undefined;
  return `a program that took more memory than its cgroup allows ended as "${outcome.kind}"`;
}

interface Trial {
  readonly outcome: RunOutcome;
  readonly output: string;
}

/** In a sandbox that waits for its orders first, as those of the pool do. */
async function runTrial(sandbox: Sandbox, folder: string, source: string): Promise<Trial> {
  await removeFolder(folder);
  const workspace = join(folder, 'workspace');
  await mkdir(workspace, { recursive: true });
  await writeFile(join(workspace, 'trial.py'), source);
  await handOver(sandbox, folder);
  await handOver(sandbox, workspace);
  let output = '';
  const started = await StartedSandbox.start(sandbox, { id: basename(folder), folder, limits: TRIAL_LIMITS });
  await started.ready;
  const session = await RunSession.start(started, {
    mode: 'script',
    entry: 'trial.py',
    limits: TRIAL_LIMITS,
    columns: 80,
    rows: 24,
    onOutput: (bytes) => void (output += bytes.toString('utf8')),
    // The trial ends by itself; a console means that it raised an exception, which is in the output.
    onPrompt: () => session.stop({ kind: 'cancelled' }),
  });
  const { outcome } = await session.ended;
  return { outcome, output: started.said + output };
}

/** Why bubblewrap did not start, as something that a person can act on. */
function explain(outcome: RunOutcome, output: string): string {
  if (/Unknown option/.test(output)) return 'bubblewrap 0.8 or newer is needed: upgrade it.';
  if (!/namespace|uid map|Operation not permitted|Permission denied/.test(output)) {
    const said = outcome.kind === 'failed' ? outcome.reason : output.slice(-300).trim();
    return `The trial program did not end as expected (${outcome.kind}): ${said}`;
  }
  const advice = 'bubblewrap may not make user namespaces here';
  if (sysctl('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return `${advice}: AppArmor forbids it. Add a profile for /usr/bin/bwrap, or set kernel.apparmor_restrict_unprivileged_userns=0.`;
  if (sysctl('kernel/unprivileged_userns_clone') === '0')
    return `${advice}: set the sysctl kernel.unprivileged_userns_clone=1.`;
  if (sysctl('user/max_user_namespaces') === '0') return `${advice}: set the sysctl user.max_user_namespaces=15000.`;
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv'))
    return `${advice}: start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined.`;
  return `${advice}: ${output.slice(-200).trim()}`;
}

function sysctl(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
