/** Programs that need a sandbox to themselves, with the end that each must come to. */
import type { RunOutcome, ScriptEnd } from '@palimpsest/domain';
import type { RunLimits } from '../limits.js';
import type { Trial } from '../sandbox-fixture.js';

export interface Attack {
  readonly name: string;
  readonly source: string;
  readonly limits?: Partial<RunLimits>;
  /** What happens from outside while it runs. Without it the attack ends by itself, or at its console with Ctrl-D. */
  readonly drive?: (trial: Trial) => Promise<void>;
  readonly outcome: RunOutcome;
  readonly script?: ScriptEnd;
  /** What it must have printed, and what it must not. */
  readonly prints?: string | RegExp;
  readonly neverPrints?: string;
  /** Only where the kernel counts memory. */
  readonly needsCgroup?: boolean;
}

const MIB = 1024 * 1024;
const MEMORY = { kind: 'out-of-memory', limitBytes: 128 * MIB } as const;
const CPU = { kind: 'timed-out', limit: 'cpu', seconds: 1 } as const;
const IDLE = { kind: 'timed-out', limit: 'idle', seconds: 1 } as const;
const EXITED = { kind: 'exited', code: 0 } as const;
const CANCELLED = { kind: 'cancelled' } as const;
const ONE_SECOND = { cpuSeconds: 1 };

const stop = async (trial: Trial) => trial.session.stop(CANCELLED);
const stopAfter = (text: string) => async (trial: Trial) => {
  await trial.shows(text);
  trial.session.stop(CANCELLED);
};

export const ATTACKS: readonly Attack[] = [
  // Memory
  { name: 'an array of 200 MB', source: 'a = bytearray(200 << 20)\n', outcome: MEMORY },
  {
    name: 'shared memory of 200 MB',
    source: 'import mmap\nm = mmap.mmap(-1, 200 << 20)\nfor i in range(0, 200 << 20, 4096): m[i] = 1\n',
    outcome: MEMORY,
    needsCgroup: true,
  },
  {
    name: 'sixteen processes of 60 MB',
    source:
      'import os, time\nfor i in range(16):\n  if os.fork() == 0:\n    a = bytearray(60 << 20); time.sleep(9); os._exit(0)\ntime.sleep(9)\n',
    outcome: MEMORY,
  },
  {
    name: 'memory in the buffers of sockets',
    source: `import os, socket, time
for p in range(40):
    if os.fork() == 0:
        kept = []
        for i in range(50):
            a, b = socket.socketpair()
            a.setblocking(False); kept += [a, b]
            a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            try:
                while True: a.send(bytes(65536))
            except BlockingIOError: pass
        time.sleep(9)
time.sleep(9)
`,
    outcome: MEMORY,
    needsCgroup: true,
  },
  {
    name: 'memory in empty files of /tmp',
    source: 'i = 0\nwhile True:\n  open(f"/tmp/{i}", "w").close()\n  i += 1\n',
    limits: { memoryBytes: 48 * MIB },
    outcome: { kind: 'out-of-memory', limitBytes: 48 * MIB },
    needsCgroup: true,
  },
  {
    name: 'a program that ignores that its child ran out of memory',
    source:
      'import os, time\nif os.fork() == 0: a = bytearray(200 << 20)\nos.wait()\nprint("never mind", flush=True)\ntime.sleep(9)\n',
    outcome: MEMORY,
  },
  // CPU
  { name: 'a loop without end', source: 'while True: pass\n', limits: ONE_SECOND, outcome: CPU },
  {
    name: 'a loop that ignores every signal',
    source:
      'import signal\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n  except (OSError, ValueError): pass\nwhile True: pass\n',
    limits: ONE_SECOND,
    outcome: CPU,
  },
  {
    name: 'a chain of processes that each use a little',
    source:
      'import os, time\nwhile True:\n  if os.fork(): os._exit(0) if os.getpid() > 3 else os.wait()\n  end = time.process_time() + 0.1\n  while time.process_time() < end: pass\n',
    limits: ONE_SECOND,
    outcome: CPU,
  },
  {
    name: 'ten processes at once',
    source: 'import os\nfor i in range(10):\n  if os.fork() == 0:\n    while True: pass\nos.wait()\n',
    limits: ONE_SECOND,
    outcome: CPU,
  },
  { name: 'a number of a hundred million digits', source: 'x = 7 ** (10 ** 9)\n', limits: ONE_SECOND, outcome: CPU },
  {
    name: 'a pattern that backtracks for ever',
    source: 'import re\nre.match("(a+)+$", "a" * 40 + "b")\n',
    limits: ONE_SECOND,
    outcome: CPU,
  },
  {
    name: 'a program that sleeps',
    source: 'import time\ntime.sleep(1000)\n',
    limits: { idleSeconds: 1 },
    outcome: IDLE,
  },
  {
    name: 'a program that stops itself and its parent’s clock',
    source:
      'import os, signal\nif os.fork() == 0: os.kill(os.getppid(), signal.SIGSTOP); os.kill(os.getpid(), signal.SIGSTOP)\nimport time\ntime.sleep(99)\n',
    limits: { idleSeconds: 1 },
    outcome: IDLE,
  },
  {
    name: 'a stopped program whose child computes',
    source: 'import os, signal\nif os.fork():\n  os.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass\n',
    limits: ONE_SECOND,
    outcome: CPU,
  },
  {
    name: 'a script that is open for too long',
    source: 'import time\nwhile True: time.sleep(0.01)\n',
    limits: { scriptSeconds: 1 },
    outcome: { kind: 'timed-out', limit: 'wall', seconds: 1 },
  },
  // Processes
  {
    name: 'a fork bomb',
    source: 'import os\nprint("boom", flush=True)\nwhile True:\n  try: os.fork()\n  except OSError: pass\n',
    drive: stopAfter('boom'),
    outcome: CANCELLED,
  },
  {
    name: 'daemons that outlive their parents',
    source:
      'import os, time\nfor i in range(13):\n  if os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n    time.sleep(1000)\ntime.sleep(0.2)\nos._exit(0)\n',
    outcome: EXITED,
  },
  {
    name: 'zombies',
    source: 'import os\nfor i in range(40):\n  if os.fork() == 0: os._exit(0)\nprint("undead")\n',
    outcome: EXITED,
    prints: 'undead',
  },
  {
    name: 'a child that keeps the terminal open',
    source: 'import os, time\nif os.fork() == 0:\n  time.sleep(1000)\nos._exit(3)\n',
    outcome: { kind: 'exited', code: 3 },
  },
  {
    name: 'signals to everybody',
    source: 'import os, signal, time\nif os.fork() == 0: time.sleep(99)\nos.kill(-1, signal.SIGKILL)\nprint("alone")\n',
    outcome: EXITED,
    prints: 'alone',
  },
  {
    name: 'a signal to its group',
    source: 'import os, signal\nos.kill(0, signal.SIGKILL)\n',
    outcome: { kind: 'signalled', signal: 'SIGKILL' },
  },
  {
    name: 'deaf processes in sessions of their own, stopped from outside',
    source:
      'import os, signal, time\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n  except (OSError, ValueError): pass\nfor i in range(13):\n  if os.fork() == 0: os.setsid(); time.sleep(1000)\nprint("deaf", flush=True)\ntime.sleep(1000)\n',
    drive: stopAfter('deaf'),
    outcome: CANCELLED,
  },
  {
    name: 'a crash of the interpreter',
    source: 'import ctypes\nctypes.string_at(0)\n',
    outcome: { kind: 'signalled', signal: 'SIGSEGV' },
  },
  {
    name: 'another program in its place',
    source: 'import os\nos.execv("/bin/sh", ["sh", "-c", "echo shell; ulimit -p; exit 5"])\n',
    outcome: { kind: 'exited', code: 5 },
    prints: /shell\n50\n/,
  },
  // Files
  {
    name: 'more than its quota',
    source: 'i = 0\nwhile True:\n  open(f"f{i}", "wb").write(bytes(1 << 20))\n  i += 1\n',
    limits: { workspaceBytes: 20 * MIB },
    outcome: { kind: 'workspace-limit', limit: 'bytes', most: 20 * MIB },
  },
  {
    name: 'more than its quota in files without names',
    source:
      'import os, time\nheld = []\nfor i in range(12):\n  fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)\n  os.write(fd, bytes(1 << 20)); held.append(fd)\nend = time.time() + 9\nwhile time.time() < end: time.sleep(0.01)\n',
    limits: { workspaceBytes: 10 * MIB },
    outcome: { kind: 'workspace-limit', limit: 'bytes', most: 10 * MIB },
  },
  {
    name: 'more files than it may have',
    source: 'i = 0\nwhile True:\n  open(f"f{i}", "w").close()\n  i += 1\n',
    limits: { workspaceEntries: 1000 },
    outcome: { kind: 'workspace-limit', limit: 'entries', most: 1000 },
  },
  {
    name: 'folders below folders without end',
    source:
      'import os, time\nfor i in range(3000): os.mkdir("d"); os.chdir("d")\nend = time.time() + 9\nwhile time.time() < end: time.sleep(0.01)\n',
    outcome: { kind: 'workspace-limit', limit: 'depth', most: 100 },
  },
  {
    name: 'what is hard to remove: locks, long paths, strange names, sockets',
    source: `import os, socket
os.makedirs("locked/inner"); open("locked/inner/f", "w").close()
for name in (b"\\xff\\xfe", b"-rf", b"a\\nb", b" ", b"x" * 255, "\\u202egnp.exe".encode()): open(name, "w").close()
socket.socket(socket.AF_UNIX).bind("socket")
os.symlink("/etc", "link"); os.symlink("loop", "loop")
os.chmod("locked/inner", 0); os.chmod("locked", 0)
for i in range(40): os.mkdir("d" * 200); os.chdir("d" * 200)
print("made")
`,
    outcome: EXITED,
    prints: 'made',
  },
  {
    name: 'a folder that turns into a link while it is measured',
    source: `import os, time
os.mkdir("a"); os.symlink("/usr", "b")
end = time.time() + 0.8
while time.time() < end:
    os.rename("a", "c"); os.rename("b", "a"); os.rename("a", "b"); os.rename("c", "a")
print("raced")
`,
    limits: { workspaceEntries: 50 },
    outcome: EXITED,
    prints: 'raced',
  },
  // Output and terminal
  {
    name: 'output without end',
    source: 'while True: print("spam" * 100)\n',
    limits: { outputBytes: 300_000 },
    outcome: { kind: 'output-limit', limitBytes: 300_000 },
  },
  {
    name: 'errors without end, from many processes',
    source: 'import os, sys\nfor i in range(5): os.fork()\nwhile True: sys.stderr.write("spam" * 100)\n',
    limits: { outputBytes: 300_000 },
    outcome: { kind: 'output-limit', limitBytes: 300_000 },
  },
  {
    name: 'a flood of escapes',
    source: 'import os\nwhile True: os.write(1, b"\\x1b[2J\\x1b]0;title\\x07\\x1b[?1049h\\x9b6n" * 100)\n',
    limits: { outputBytes: 300_000 },
    outcome: { kind: 'output-limit', limitBytes: 300_000 },
  },
  {
    name: 'bytes that are no text',
    source: 'import os\nos.write(1, bytes(range(128, 256)) * 20)\nprint("\\nafter")\n',
    outcome: EXITED,
    prints: 'after',
  },
  {
    name: 'a terminal that is left raw',
    source: 'import tty\ntty.setraw(0)\nprint("raw", flush=True)\n',
    drive: async (trial) => {
      await trial.console();
      trial.session.write('6 * 7000\r');
      await trial.shows('42000');
      trial.session.write('\x04');
    },
    outcome: EXITED,
  },
  {
    name: 'a terminal without Ctrl-C, stopped from outside',
    source:
      'import termios, time\na = termios.tcgetattr(0)\na[3] &= ~termios.ISIG\ntermios.tcsetattr(0, 0, a)\nprint("no signals", flush=True)\nwhile True: time.sleep(0.1)\n',
    drive: async (trial) => {
      await trial.shows('no signals');
      trial.session.interrupt();
      await stop(trial);
    },
    outcome: CANCELLED,
  },
  {
    name: 'output that is held up by XOFF, stopped from outside',
    source: 'print("begun", flush=True)\nwhile True: print("x" * 1000)\n',
    limits: { outputBytes: 1 << 30 },
    drive: async (trial) => {
      await trial.shows('begun');
      trial.session.write('\x13');
      await stop(trial);
    },
    outcome: CANCELLED,
  },
  {
    name: 'no terminal any more',
    source: 'import os\nfor fd in range(3): os.close(fd)\nos._exit(4)\n',
    outcome: { kind: 'exited', code: 4 },
  },
  {
    name: 'input that nobody reads',
    source: 'import time\nprint("busy", flush=True)\ntime.sleep(1000)\n',
    drive: async (trial) => {
      await trial.shows('busy');
      for (let i = 0; i < 100; i++) trial.session.write(`${'x'.repeat(60)}\r`.repeat(50));
      await stop(trial);
    },
    outcome: CANCELLED,
  },
  // The pipe of hints
  {
    name: 'the pipe of hints closed',
    source: 'import os\nos.close(8)\nprint("on", flush=True)\nos._exit(6)\n',
    outcome: { kind: 'exited', code: 6 },
    prints: 'on',
  },
  {
    name: 'a forged prompt does not end the limits',
    source: 'import os\nos.write(8, b"repl completed\\n")\nwhile True: pass\n',
    limits: ONE_SECOND,
    outcome: CPU,
    script: { kind: 'completed' },
  },
  {
    name: 'forged hints before an end',
    source: 'import os\nos.write(8, b"ready\\nstarted\\nending\\n")\nos._exit(137)\n',
    outcome: { kind: 'exited', code: 137 },
  },
  {
    name: 'a flood of hints',
    source:
      'import os\nfor i in range(2000): os.write(8, b"repl raised " + b"x" * 4000 + b"\\n")\nprint("flooded", flush=True)\nos._exit(0)\n',
    outcome: EXITED,
    prints: 'flooded',
  },
  {
    name: 'the descriptor of the orders',
    source:
      'import os\nfor fd in (7, 9):\n  try: os.fstat(fd); print("open", fd)\n  except OSError: print("closed")\nos._exit(0)\n',
    outcome: EXITED,
    prints: /closed\nclosed\n/,
    neverPrints: 'open',
  },
];
