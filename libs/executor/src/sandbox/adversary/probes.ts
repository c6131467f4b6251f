/**
 * Attempts of a hostile program that can do no harm to each other, so that many share a sandbox. Each is an expression or some
 * statements that set `v`; what comes of it, as text, is the verdict: the value, or the exception's name with its errno.
 */
export interface Probe {
  readonly name: string;
  readonly code: string;
  readonly verdict: string | RegExp;
}

type Row = readonly [name: string, code: string, verdict: string | RegExp];

const probes = (rows: readonly Row[]): readonly Probe[] =>
  rows.map(([name, code, verdict]) => ({ name, code, verdict }));

/** What every probe may use. `call` makes a system call by its name or number and gives its result or its errno. */
export const PREAMBLE = `
import ctypes, errno, json, mmap, os, resource, signal, socket, stat, struct, subprocess, sys, tempfile, termios, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
numbers = json.load(open('/workspace/numbers.json'))
def call(which, *args):
    number = numbers[which] if isinstance(which, str) else which
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(number), *args)
    return result if result != -1 else errno.errorcode[ctypes.get_errno()]
def text(path):
    with open(path, 'rb') as file: return file.read(100)
def told(error):
    name = type(error).__name__
    number = getattr(error, 'errno', None)
    return f'{name} {errno.errorcode[number]}' if number in errno.errorcode else name
def tried(attempt):
    # In a process of its own: what it uses up is free again.
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try: verdict = str(attempt())
        except BaseException as error: verdict = told(error)
        os.write(write, verdict.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe: verdict = pipe.read()
    status = os.waitpid(child, 0)[1]
    return verdict or f'ended by signal {os.WTERMSIG(status)}'
`;

/** Runs the probes of probes.json and prints each verdict as one line of JSON. */
export const RUNNER = `${PREAMBLE}
for name, code in json.load(open('/workspace/probes.json')):
    scope = dict(globals())
    try:
        try: verdict = eval(compile(code, name, 'eval'), scope)
        except SyntaxError: exec(compile(code, name, 'exec'), scope); verdict = scope.get('v', 'done')
    except BaseException as error: verdict = told(error)
    print('VERDICT ' + json.dumps([name, str(verdict)]), flush=True)
os._exit(0)
`;

const RESOURCES = probes([
  ['2 GB at once', 'bytearray(2 << 30)', 'MemoryError'],
  ['a file beyond 10 MB', 'open("big", "wb").write(bytes(11 << 20))', 'OSError EFBIG'],
  ['a file of 10 MB, no more', 'f = open("big", "rb"); v = os.fstat(f.fileno()).st_size; os.unlink("big")', '10485760'],
  ['a sparse file beyond 10 MB', 'open("sparse", "wb").truncate(11 << 20)', 'OSError EFBIG'],
  [
    'space reserved beyond 10 MB',
    'os.posix_fallocate(os.open("r", os.O_CREAT | os.O_RDWR), 0, 11 << 20)',
    'OSError EFBIG',
  ],
  [
    'space reserved by the system call',
    'call("fallocate", os.open("r2", os.O_CREAT | os.O_RDWR), 0, 0, 4096)',
    'ENOTSUP',
  ],
  ['a full /tmp', 'for i in range(9): open(f"/tmp/{i}", "wb").write(bytes(4 << 20))', 'OSError ENOSPC'],
  ['an empty /tmp again', 'for i in range(9): os.path.exists(f"/tmp/{i}") and os.unlink(f"/tmp/{i}")', 'done'],
  ['a full /dev/shm', 'for i in range(9): open(f"/dev/shm/{i}", "wb").write(bytes(4 << 20))', 'OSError ENOSPC'],
  [
    'an empty /dev/shm again',
    'for i in range(9): os.path.exists(f"/dev/shm/{i}") and os.unlink(f"/dev/shm/{i}")',
    'done',
  ],
  ['descriptors', 'tried(lambda: [os.dup(0) for i in range(200)])', 'OSError EMFILE'],
  ['a higher process limit', 'resource.setrlimit(resource.RLIMIT_NPROC, (1000, 1000))', 'ValueError'],
  ['a higher file limit', 'resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))', 'ValueError'],
  ['a higher CPU limit', 'resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))', 'ValueError'],
  [
    'a higher limit by another call',
    'resource.prlimit(os.getpid(), resource.RLIMIT_CPU, (-1, -1))',
    'PermissionError EPERM',
  ],
  ['a core file', 'resource.getrlimit(resource.RLIMIT_CORE)', '(0, 0)'],
  ['locked memory', 'call(149 if os.uname().machine == "x86_64" else 228, 0, 4096)', 'ENOSYS'],
  ['a better priority', 'os.nice(-5)', 'PermissionError EPERM'],
  ['real-time scheduling', 'call("sched_setscheduler", 0, 1, 0)', 'EPERM'],
  ['a better class of input and output', 'call(251 if os.uname().machine == "x86_64" else 30, 1, 0, 0)', 'ENOSYS'],
  ['memory shared by System V', 'call(29 if os.uname().machine == "x86_64" else 194, 0, 4096, 0o1600)', 'ENOSYS'],
  ['semaphores of System V', 'call(64 if os.uname().machine == "x86_64" else 190, 0, 1, 0o1600)', 'ENOSYS'],
  ['a message queue', 'call(240 if os.uname().machine == "x86_64" else 180, b"/q", 0o102, 0o600, 0)', 'ENOSYS'],
  [
    'recursion without end',
    'def f(): f()\ntry: f()\nexcept RecursionError as e: v = "RecursionError"',
    'RecursionError',
  ],
  [
    'a stack beyond all memory',
    'def start():\n  threading.stack_size(1 << 33)\n  threading.Thread(target=int).start()\nv = tried(start)',
    'RuntimeError',
  ],
  [
    'a pipe beyond the limit of pipes',
    'r, w = os.pipe(); v = tried(lambda: __import__("fcntl").fcntl(r, 1031, 1 << 30))',
    /PermissionError|OSError/,
  ],
]);

const FILES = probes([
  ['the password file', 'text("/etc/shadow")', 'FileNotFoundError ENOENT'],
  ['the users of the host', 'text("/etc/passwd")', String.raw`b'student:x:1000:1000:student:/tmp:/bin/sh\n'`],
  ['the host name file', 'text("/etc/hostname")', 'FileNotFoundError ENOENT'],
  ['root’s home', 'os.listdir("/root")', 'FileNotFoundError ENOENT'],
  ['homes', 'os.listdir("/home")', 'FileNotFoundError ENOENT'],
  ['/var', 'os.listdir("/var")', 'FileNotFoundError ENOENT'],
  ['/run, with the sockets of services', 'os.listdir("/run")', 'FileNotFoundError ENOENT'],
  ['/proc', 'os.listdir("/proc")', 'FileNotFoundError ENOENT'],
  ['/sys', 'os.listdir("/sys")', 'FileNotFoundError ENOENT'],
  ['the folder of all runs', 'os.listdir(HOST_FOLDER)', 'FileNotFoundError ENOENT'],
  [
    'the root folder has nothing more',
    'sorted(set(os.listdir("/")) - set("bin dev etc lib lib64 palimpsest sbin tmp usr workspace".split()))',
    '[]',
  ],
  ['`..` ends at that root', 'os.listdir("/workspace/../../../..") == os.listdir("/")', 'True'],
  [
    '/etc has nothing more',
    'sorted(set(os.listdir("/etc")) - set("alternatives ld.so.cache fonts localtime passwd group hosts nsswitch.conf matplotlibrc".split()))',
    '[]',
  ],
  ['writing a program of the system', 'open("/usr/bin/x", "w")', 'OSError EROFS'],
  ['writing to /etc', 'open("/etc/x", "w")', 'OSError EROFS'],
  ['writing to the passwd file', 'open("/etc/passwd", "a")', /OSError EROFS|PermissionError/],
  ['writing to /', 'open("/x", "w")', 'OSError EROFS'],
  ['writing to /dev', 'open("/dev/x", "w")', 'OSError EROFS'],
  ['writing to the boot file', 'open("/palimpsest/boot.py", "a")', /OSError EROFS|PermissionError/],
  [
    'permissions of Python itself',
    'os.chmod("/usr/bin/python3.11" if os.path.exists("/usr/bin/python3.11") else os.path.realpath("/usr/bin/python3"), 0o777)',
    /OSError EROFS|PermissionError/,
  ],
  ['renaming in /etc', 'os.rename("/etc/passwd", "/etc/p")', /EROFS|EBUSY|EPERM/],
  ['removing the workspace', 'os.rmdir("/workspace")', /EROFS|EBUSY/],
  ['renaming the workspace', 'os.rename("/workspace", "/tmp/w")', /EROFS|EBUSY|EXDEV/],
  ['a new mount', 'call("mount", b"/tmp", b"/usr", None, 4096, None)', 'EPERM'],
  ['a remount for writing', 'call("mount", None, b"/", None, 0x1020, None)', 'EPERM'],
  ['unmounting', 'call("umount2", b"/usr", 2)', 'EPERM'],
  [
    'the new mount calls',
    '[call(n, 0, 0, 0, 0, 0) for n in ("fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr")]',
    /^\[('EPERM'(, )?){5}\]$/,
  ],
  ['another root', 'os.chroot("/tmp")', 'PermissionError EPERM'],
  ['pivot_root', 'call("pivot_root", b"/tmp", b"/tmp")', 'EPERM'],
  ['a file by its handle', 'call("open_by_handle_at", 0, None, 0)', 'EPERM'],
  [
    'inherited descriptors',
    'def there(fd):\n  try: return os.fstat(fd) and True\n  except OSError: return False\nv = [fd for fd in range(1024) if there(fd)]',
    '[0, 1, 2, 8]',
  ],
  [
    'a symbolic link out of the workspace',
    'os.symlink("/etc/shadow", "link"); text("link")',
    'FileNotFoundError ENOENT',
  ],
  ['a hard link to a file of the system', 'os.link("/usr/bin/env", "hard")', 'OSError EXDEV'],
  ['a FIFO', 'os.mkfifo("fifo")', 'PermissionError EPERM'],
  ['a device', 'os.mknod("null", 0o20666, os.makedev(1, 3))', 'PermissionError EPERM'],
  [
    'a disk',
    '[os.path.exists(p) for p in ("/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/loop-control")]',
    '[False, False, False, False, False, False, False]',
  ],
  [
    '/dev has nothing more',
    'sorted(set(os.listdir("/dev")) - set("console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split()))',
    '[]',
  ],
  ['ownership', 'os.chown("/workspace", 0, 0)', 'PermissionError EPERM'],
  ['extended attributes', 'os.setxattr("/workspace", "user.a", b"b")', 'PermissionError EPERM'],
  [
    'a program with the bit of its owner',
    'bool(os.statvfs("/workspace").f_flag & os.ST_NOSUID and os.statvfs("/usr").f_flag & os.ST_NOSUID)',
    'True',
  ],
  [
    'devices on what can be written',
    'all(os.statvfs(p).f_flag & os.ST_NODEV for p in ("/workspace", "/tmp", "/dev/shm"))',
    'True',
  ],
  [
    'another user by su',
    'subprocess.run(["su", "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL).returncode != 0',
    'True',
  ],
  ['openat2, with flags a filter cannot see', 'call(437, -100, b"/", None, 0)', 'ENOSYS'],
]);

const NETWORK = probes([
  ['TCP', 'socket.create_connection(("127.0.0.1", 22), 1)', 'PermissionError EPERM'],
  ['UDP', 'socket.socket(socket.AF_INET, socket.SOCK_DGRAM)', 'PermissionError EPERM'],
  ['IPv6', 'socket.socket(socket.AF_INET6, socket.SOCK_STREAM)', 'PermissionError EPERM'],
  ['raw packets', 'socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)', 'PermissionError EPERM'],
  ['packets of the link', 'socket.socket(socket.AF_PACKET, socket.SOCK_RAW)', 'PermissionError EPERM'],
  ['the host’s virtual sockets', 'socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)', 'PermissionError EPERM'],
  ['NETLINK', 'socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)', 'PermissionError EPERM'],
  ['the kernel’s ciphers', 'socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)', 'PermissionError EPERM'],
  ['a family with high bits', 'call("socket", (1 << 32) | 2, 1, 0)', 'EPERM'],
  ['a pair of a family', 'socket.socketpair(socket.AF_INET)', 'PermissionError EPERM'],
  ['names', 'socket.getaddrinfo("example.org", 80)', /^gaierror/],
  ['a page', '__import__("urllib.request").request.urlopen("http://example.org", timeout=1)', /^URLError/],
  [
    'a socket of the host by an abstract name',
    's = socket.socket(socket.AF_UNIX); s.connect("\\0" + HOST_SOCKET)',
    'ConnectionRefusedError ECONNREFUSED',
  ],
  [
    'a socket of the host by its path',
    's = socket.socket(socket.AF_UNIX); s.connect(HOST_FOLDER + "/socket")',
    'FileNotFoundError ENOENT',
  ],
  [
    'the database’s socket',
    's = socket.socket(socket.AF_UNIX); s.connect(DATABASE_SOCKET)',
    'FileNotFoundError ENOENT',
  ],
  ['interfaces', 'socket.if_nameindex()', /PermissionError|OSError/],
  ['a network of its own', 'call("unshare", 0x40000000)', 'EPERM'],
]);

const PROCESSES = probes([
  [
    'seeing others',
    'def sees(pid):\n  try: os.kill(pid, 0); return True\n  except OSError: return False\nv = sum(sees(pid) for pid in range(1, 70000)) <= 3',
    'True',
  ],
  ['ending process 1', 'os.kill(1, 9); time.sleep(0.05); v = "still here"', 'still here'],
  ['its parent is inside', 'os.getppid() < 10', 'True'],
  ['ptrace', 'call("ptrace", 16, 1, 0, 0)', 'EPERM'],
  ['ptrace of itself', 'call("ptrace", 0, 0, 0, 0)', 'EPERM'],
  ['reading another’s memory', 'call("process_vm_readv", 1, None, 0, None, 0, 0)', 'EPERM'],
  ['writing another’s memory', 'call("process_vm_writev", 1, None, 0, None, 0, 0)', 'EPERM'],
  ['another’s descriptors', 'call("pidfd_getfd", os.pidfd_open(1), 7, 0)', 'EPERM'],
  ['comparing with another', 'call("kcmp", 1, 1, 0, 0, 0)', 'EPERM'],
  ['advice for another’s memory', 'call("process_madvise", 0, None, 0, 0, 0)', 'EPERM'],
  ['hiding from being measured', '__import__("ctypes").CDLL(None).prctl(4, 0, 0, 0, 0)', '-1'],
  [
    'a filter of its own',
    '[libc.prctl(22, 2, 0, 0, 0), call(317 if os.uname().machine == "x86_64" else 277, 0, 0, 0)]',
    "[-1, 'ENOSYS']",
  ],
  ['no new privileges', 'libc.prctl(39, 0, 0, 0, 0)', '1'],
  [
    'no capabilities',
    'h = struct.pack("Ii", 0x20080522, 0); d = ctypes.create_string_buffer(24); libc.capget(h, d); v = d.raw == bytes(24)',
    'True',
  ],
  [
    'no capability left to be had',
    'any(libc.prctl(24, c, 0, 0, 0) == 1 for c in range(40)) or libc.prctl(23, 21, 0, 0, 0)',
    '0',
  ],
  [
    'threads beyond the limit',
    'def bomb():\n  e = threading.Event()\n  for i in range(100): threading.Thread(target=e.wait, daemon=True).start()\nv = tried(bomb)',
    'RuntimeError',
  ],
  [
    'processes beyond the limit',
    'def bomb():\n  for i in range(100):\n    if os.fork() == 0: time.sleep(0.3); os._exit(0)\nv = tried(bomb)',
    'BlockingIOError EAGAIN',
  ],
  ['being the reaper of others', 'libc.prctl(36, 1, 0, 0, 0)', '-1'],
]);

const KERNEL = probes([
  ...(
    [
      ['mounts', 0x20000],
      ['cgroups', 0x2000000],
      ['names', 0x4000000],
      ['IPC', 0x8000000],
      ['users', 0x10000000],
      ['processes', 0x20000000],
      ['networks', 0x40000000],
    ] as const
  ).flatMap(([what, flag]): readonly Row[] => [
    [`a namespace of ${what} by unshare`, `call("unshare", ${flag})`, 'EPERM'],
    [`a namespace of ${what} by clone`, `call("clone", ${flag | 17}, 0, 0, 0, 0)`, 'EPERM'],
  ]),
  ['clone with high bits', 'call("clone", (1 << 40) | 0x10000011, 0, 0, 0, 0)', 'EPERM'],
  ['clone3, whose flags a filter cannot see', 'call("clone3", None, 0)', 'ENOSYS'],
  ['another’s namespace', 'call("setns", os.pidfd_open(1), 0)', 'EPERM'],
  [
    'keys',
    '[call("keyctl", 0, -3, 0), call("add_key", b"user", b"a", b"b", 1, -3), call("request_key", b"user", b"a", None, 0)]',
    "['EPERM', 'EPERM', 'EPERM']",
  ],
  ['bpf', 'call("bpf", 0, None, 0)', 'EPERM'],
  [
    'io_uring',
    '[call("io_uring_setup", 1, None), call("io_uring_enter", 0, 0, 0, 0, None), call("io_uring_register", 0, 0, None, 0)]',
    "['EPERM', 'EPERM', 'EPERM']",
  ],
  ['performance events', 'call("perf_event_open", None, 0, -1, -1, 0)', 'EPERM'],
  ['page faults in user space', 'call("userfaultfd", 0)', 'EPERM'],
  ['a file in memory', 'os.memfd_create("m")', 'PermissionError EPERM'],
  ['secret memory', 'call("memfd_secret", 0)', 'EPERM'],
  [
    'modules',
    '[call("init_module", None, 0, b""), call("finit_module", 0, b"", 0), call("delete_module", b"x", 0)]',
    "['EPERM', 'EPERM', 'EPERM']",
  ],
  [
    'another kernel',
    '[call("kexec_load", 0, 0, None, 0), call("kexec_file_load", 0, 0, 0, None, 0), call("reboot", 0, 0, 0, None)]',
    "['EPERM', 'EPERM', 'EPERM']",
  ],
  [
    'swap and accounting',
    '[call("swapon", b"/x", 0), call("swapoff", b"/x"), call("acct", b"/x"), call("quotactl", 0, None, 0, None)]',
    "['EPERM', 'EPERM', 'EPERM', 'EPERM']",
  ],
  ['the kernel’s log', 'call("syslog", 3, None, 0)', 'EPERM'],
  [
    'the clock',
    '[call("settimeofday", None, None), call("clock_settime", 0, None), call("adjtimex", None)]',
    "['EPERM', 'EPERM', 'EPERM']",
  ],
  ['the host’s name', '[call("sethostname", b"x", 1), call("setdomainname", b"x", 1)]', "['EPERM', 'EPERM']"],
  [
    'another user',
    '[call(n, 0, 0, 0) for n in ("setuid", "setgid", "setreuid", "setresuid", "setresgid", "setfsuid", "setgroups")]',
    /^\[('EPERM'(, )?){7}\]$/,
  ],
  ['capabilities', 'call("capset", None, None)', 'EPERM'],
  ['another personality', 'call("personality", 0x0040000)', 'EPERM'],
  [
    'pages of others',
    '[call("move_pages", 1, 0, None, None, None, 0), call("migrate_pages", 1, 0, None, None)]',
    "['EPERM', 'EPERM']",
  ],
  ['watching the file system', 'call("fanotify_init", 0, 0)', 'EPERM'],
  ['calls of the future', '[call(n) for n in (449, 450, 460, 470, 500, 1000)]', /^\[('ENOSYS'(, )?){6}\]$/],
  ['calls of the x32 kind', '"ENOSYS" if os.uname().machine != "x86_64" else call(0x40000000 + 39)', 'ENOSYS'],
  [
    'calls of 32 bits by int 0x80',
    `def attack():
  m = mmap.mmap(-1, 4096, prot=7)
  m.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
  return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
v = "ended by signal 31" if os.uname().machine != "x86_64" else tried(attack)`,
    /^ended by signal (31|11)$/,
  ],
]);

const ENVIRONMENT = probes([
  [
    'variables',
    'sorted(set(os.environ) - set("PATH HOME USER LANG TERM PWD PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS OMP_NUM_THREADS MPLBACKEND MPLCONFIGDIR LC_CTYPE".split()))',
    '[]',
  ],
  ['a secret of the server', '[k for k, value in os.environ.items() if "do not tell" in value]', '[]'],
  ['the stack above, where the environment was', 'b"do not tell" in ctypes.string_at(libc.getenv, 1)', 'False'],
  ['arguments', 'sys.argv', "['main.py']"],
  ['arguments of Python', '[a for a in sys.orig_argv if "tmp" in a]', '[]'],
  ['symbols of the kernel', 'text("/proc/kallsyms")', 'FileNotFoundError ENOENT'],
  ['mounts of the host', 'text("/proc/self/mountinfo")', 'FileNotFoundError ENOENT'],
  ['the environment of process 1', 'text("/proc/1/environ")', 'FileNotFoundError ENOENT'],
  ['the kernel’s command line', 'text("/proc/cmdline")', 'FileNotFoundError ENOENT'],
  ['the group of the run', 'text("/proc/self/cgroup")', 'FileNotFoundError ENOENT'],
  ['who it is', 'os.getresuid() + os.getresgid()', '(1000, 1000, 1000, 1000, 1000, 1000)'],
  ['which other groups', 'set(os.getgroups()) <= {1000, 65534}', 'True'],
  ['what the machine is called', 'socket.gethostname()', 'palimpsest'],
  ['who signed in', 'os.getlogin()', /OSError|FileNotFoundError/],
  [
    'modules come from where nobody can write',
    '[p for p in sys.path if p != "/workspace" and os.access(p, os.W_OK)]',
    '[]',
  ],
]);

const TERMINAL = probes([
  [
    'typing into the terminal',
    'libc.ioctl(0, ctypes.c_ulong(0x5412), b"x"); v = errno.errorcode[ctypes.get_errno()]',
    'EPERM',
  ],
  ['typing with high bits', 'call("ioctl", 0, 0x1_0000_5412, b"x")', 'EPERM'],
  ['typing with all high bits', 'call("ioctl", 0, (0xffffffff << 32 | 0x5412) - (1 << 64), b"x")', 'EPERM'],
  ['the console’s menu', 'call("ioctl", 0, 0x541c, b"\\x02")', 'EPERM'],
  ['another line discipline', 'call("ioctl", 0, 0x5423, b"\\x01\\0\\0\\0")', 'ENOTTY'],
  ['the console’s output', 'call("ioctl", 0, 0x541d, None)', 'ENOTTY'],
  ['a request of a disk', 'call("ioctl", 0, 0x1260, b"")', 'ENOTTY'],
  ['terminals of others', 'os.listdir("/dev/pts")', /^\[('\d+', )*'ptmx'(, '\d+')*\]$/],
  ['the terminal of somebody else', '[os.path.exists(f"/dev/pts/{n}") for n in range(100)].count(True) <= 1', 'True'],
  ['a pair of its own', 'm, s = os.openpty(); v = os.ttyname(s).startswith("/dev/pts/")', 'True'],
]);

/** By the part of the world that is attacked. */
export const PROBES = {
  resources: RESOURCES,
  files: FILES,
  network: NETWORK,
  processes: PROCESSES,
  kernel: KERNEL,
  environment: ENVIRONMENT,
  terminal: TERMINAL,
} as const;
