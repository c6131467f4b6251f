import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';
import { selfTest } from './self-test.js';

let fixture: SandboxFixture;
beforeAll(async () => void (fixture = await createSandboxFixture()));
afterAll(async () => fixture.dispose());

/** What a script prints before its console begins. */
async function printed(source: string): Promise<string> {
  const trial = await fixture.run(source);
  await trial.finished();
  return trial.output;
}

/** Evaluates each expression in one run; an exception is printed by its name. */
async function evaluate(expressions: readonly string[], preamble = ''): Promise<readonly string[]> {
  const lines = expressions.map(
    (expression) => `try: print("=", ${expression})\nexcept Exception as e: print("=", type(e).__name__)\n`,
  );
  const output = await printed(`import ctypes, os, socket, sys\n${preamble}\n${lines.join('')}`);
  return [...output.matchAll(/^= (.*)$/gm)].map((match) => match[1] ?? '');
}

describe('the network', () => {
  test('has no family but AF_UNIX', async () => {
    const families = ['AF_INET', 'AF_INET6', 'AF_NETLINK', 'AF_PACKET', 'AF_VSOCK'];
    const verdicts = await evaluate(families.map((family) => `socket.socket(socket.${family}, socket.SOCK_DGRAM)`));
    expect(verdicts).toEqual(families.map(() => 'PermissionError'));
  });

  test('has no names', async () => {
    expect(await evaluate(['socket.getaddrinfo("example.org", 80)'])).toEqual(['gaierror']);
  });

  test('of the host is out of reach through abstract sockets as well', async () => {
    const server = createServer().listen('\0palimpsest-isolation-spec');
    const script = 's = socket.socket(socket.AF_UNIX)';
    const verdict = await evaluate(['s.connect("\\0palimpsest-isolation-spec")'], script);
    server.close();
    expect(verdict).toEqual(['ConnectionRefusedError']);
  });
});

describe('files', () => {
  test('of the host are not there', async () => {
    const paths = [
      '/etc/shadow',
      '/etc/hostname',
      '/root',
      '/home',
      '/var',
      '/proc/self',
      '/sys',
      '/srv',
      fixture.folder,
    ];
    expect(await evaluate(paths.map((path) => `os.path.exists(${JSON.stringify(path)})`))).toEqual(
      paths.map(() => 'False'),
    );
  });

  test('can be written in the workspace, /tmp and /dev/shm, and nowhere else', async () => {
    const writable = ['/workspace/x', '/tmp/x', '/dev/shm/x'];
    const not = ['/x', '/usr/x', '/etc/x', '/dev/x', '/palimpsest/boot.py', '/bin/x'];
    const verdicts = await evaluate([...writable, ...not].map((path) => `open("${path}", "w").write("y")`));
    expect(verdicts.slice(0, 3)).toEqual(['1', '1', '1']);
    expect(new Set(verdicts.slice(3))).toEqual(new Set(['OSError']));
  });

  test('cannot be devices, FIFOs or anybody else’s', async () => {
    const attempts = ['os.mkfifo("f")', 'os.mknod("d", 0o20666, os.makedev(1, 3))', 'os.chown("/workspace", 0, 0)'];
    expect(await evaluate(attempts)).toEqual(attempts.map(() => 'PermissionError'));
  });

  test('that are open elsewhere were not inherited', async () => {
    const descriptors = `
found = []
for fd in range(256):
    try: os.fstat(fd); found.append(fd)
    except OSError: pass`;
    expect(await evaluate(['found'], descriptors)).toEqual(['[0, 1, 2, 8]']);
  });
});

describe('the kernel', () => {
  test('refuses what leads out', async () => {
    const calls = {
      unshare: 'libc.unshare(0x10000000)',
      setns: 'libc.setns(0, 0)',
      ptrace: 'libc.ptrace(0, 0, 0, 0)',
      mount: 'libc.mount(b"/tmp", b"/usr", None, 4096, None)',
      chroot: 'libc.chroot(b"/")',
      bpf: 'libc.syscall(321, 0, 0, 0)',
      perf: 'libc.syscall(298, 0, 0, 0, 0, 0)',
      keyctl: 'libc.syscall(250, 0, 0)',
      iouring: 'libc.syscall(425, 1, 0)',
      memfd: 'libc.memfd_create(b"m", 0)',
      userfaultfd: 'libc.syscall(323, 0)',
      readOther: 'libc.process_vm_readv(1, None, 0, None, 0, 0)',
      setuid: 'libc.setuid(0)',
      newPidNamespace: 'libc.syscall(56, 0x20000011, 0, 0, 0, 0)',
    };
    const preamble = 'libc = ctypes.CDLL(None, use_errno=True)\ndef said(r): return (r, ctypes.get_errno())';
    const verdicts = await evaluate(
      Object.values(calls).map((call) => `said(${call})`),
      preamble,
    );
    expect(Object.fromEntries(Object.keys(calls).map((name, at) => [name, verdicts[at]]))).toEqual(
      Object.fromEntries(Object.keys(calls).map((name) => [name, '(-1, 1)'])),
    );
  });

  test('does not type into the terminal, with high bits or without', async () => {
    const preamble = `
libc = ctypes.CDLL(None, use_errno=True)
def push(request): return (libc.ioctl(0, ctypes.c_ulong(request), b"x"), ctypes.get_errno())`;
    const requests = ['push(0x5412)', 'push(0x100005412)', 'push(0x541c)'];
    expect(await evaluate(requests, preamble)).toEqual(['(-1, 1)', '(-1, 1)', '(-1, 1)']);
  });
});

describe('other processes', () => {
  test('cannot be seen or signalled', async () => {
    const other = await fixture.run('import time\nprint("here", flush=True)\ntime.sleep(100)\n');
    await other.shows('here');
    const output = await printed(`
import os
print("=", os.getpid() < 10)
for pid in range(1, 100000):
    if pid == os.getpid(): continue
    try: os.kill(pid, 0); print("sees", pid)
    except OSError: pass
try: os.kill(-1, 9)
except OSError as error: print("=", error.strerror)
`);
    expect([...output.matchAll(/sees (\d+)/g)].map((match) => Number(match[1])).every((pid) => pid < 10)).toBe(true);
    expect(other.session.isPrompt).toBe(false);
    other.session.write('\x03');
    await other.console();
    other.session.stop({ kind: 'cancelled' });
    await other.session.ended;
  });
});

describe('the environment', () => {
  test('holds nothing of the server’s', async () => {
    process.env['PALIMPSEST_SPEC_SECRET'] = 'do not tell';
    const [names] = await evaluate(['sorted(os.environ)']);
    delete process.env['PALIMPSEST_SPEC_SECRET'];
    expect(names).toContain('HOME');
    expect(names).not.toMatch(/PALIMPSEST|NODE|DATABASE|npm/);
  });

  test('shows an ordinary user', async () => {
    const [ids, user] = await evaluate(['os.getresuid() + os.getresgid()', 'os.path.expanduser("~student")']);
    expect(ids).toBe('(1000, 1000, 1000, 1000, 1000, 1000)');
    expect(user).toBe('/tmp');
  });
});

describe('nothing is left', () => {
  test('of a run: no process, no cgroup, no folder, even if the program made it hard to remove', async () => {
    const trial = await fixture.run(`
import os
os.makedirs("locked/inner"); os.chmod("locked/inner", 0); os.chmod("locked", 0)
for i in range(40):
    os.mkdir("d" * 200); os.chdir("d" * 200)
os.symlink("/etc", "link")
print("made", flush=True)
`);
    const root = trial.session.pid;
    await trial.finished();
    expect(existsSync(trial.folder)).toBe(false);
    expect(existsSync(`/proc/${root}`)).toBe(false);
    expect(cgroupsNamed('run-')).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(fixture.folder);
  });
});

describe('the self-test', () => {
  test('finds this machine fit, and leaves nothing', async () => {
    const folder = join(fixture.folder, 'trial');
    const result = await selfTest(fixture.sandbox, folder);
    expect(result.level).toBe(fixture.sandbox.cgroups === null ? 'no-cgroup' : 'full');
    expect(existsSync(join(folder, 'self-test-isolation'))).toBe(false);
  });

  test('says what is missing without a cgroup', async () => {
    const result = await selfTest({ ...fixture.sandbox, cgroups: null }, join(fixture.folder, 'trial'));
    expect(result.level).toBe('no-cgroup');
    expect(result.reason).toMatch(/best effort.*Start the server as root/);
  });

  test('refuses to run programs as root', async () => {
    if (process.getuid?.() !== 0) return;
    const result = await selfTest({ ...fixture.sandbox, runAs: null }, join(fixture.folder, 'trial'));
    expect(result.level).toBe('none');
    expect(result.reason).toMatch(/EXECUTOR_UID/);
  });

  test('refuses when bubblewrap cannot start', async () => {
    const result = await selfTest({ ...fixture.sandbox, files: '/nowhere' }, join(fixture.folder, 'trial'));
    expect(result.level).toBe('none');
    expect(result.reason).not.toBe('');
  });
});

function cgroupsNamed(prefix: string): readonly string[] {
  const found: string[] = [];
  const parents = fixture.sandbox.cgroups?.folders ?? [];
  for (const parent of parents)
    for (const entry of readdirSync(parent, { withFileTypes: true }))
      if (entry.isDirectory() && entry.name.startsWith(prefix)) found.push(entry.name);
  return found;
}
