import { join } from 'node:path';

export const BUBBLEWRAP = '/usr/bin/bwrap';
export const PYTHON = '/usr/bin/python3';
/** The workspace as the program sees it. */
export const WORKSPACE = '/workspace';

const TMP_BYTES = 32 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;

/**
 * Started under the PTY; becomes bubblewrap. A PTY hands over no descriptors, so the wrapper opens them: 7, the pipe of the
 * orders, 8, the pipe for hints, and 9, the seccomp filter. It joins the cgroups ("0" is the writer itself) before there is
 * anything to limit, so no process of the run was ever outside. Arguments: both pipes, filter, cgroup folders, `--`, command.
 */
export const LAUNCHER = `
exec 7<"$1" 8>"$2" 9<"$3" || exit 125
shift 3
while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done
shift
exec "$@"
`;

/** Where bubblewrap finds what it binds, on the host. */
export interface SandboxPaths {
  /** Holds boot.py with what belongs to it, and a passwd, group, hosts and nsswitch.conf of the sandbox's own. */
  readonly files: string;
  /** The one folder that the program can write. */
  readonly workspace: string;
}

/**
 * Bubblewrap's arguments, Python included. The same for every run: what differs is in the orders. The order matters: see the
 * remounts.
 */
export function bubblewrapArguments(paths: SandboxPaths): readonly string[] {
  return [...isolation(), ...fileSystem(paths), ...environment(), '--', ...PYTHON_COMMAND];
}

/**
 * No --new-session: Ctrl-C would never arrive (seccomp refuses TIOCSTI instead). No --proc: its /proc/1/environ shows the
 * environment that bubblewrap was started with.
 */
function isolation(): readonly string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--disable-userns', '--uid', '1000', '--gid', '1000', '--hostname', 'palimpsest'],
    ...['--cap-drop', 'ALL', '--die-with-parent', '--seccomp', '9'],
  ];
}

function fileSystem(paths: SandboxPaths): readonly string[] {
  const own = ['passwd', 'group', 'hosts', 'nsswitch.conf'].flatMap((name) =>
    readOnly(join(paths.files, name), `/etc/${name}`),
  );
  return [
    ...readOnly('/usr', '/usr'),
    ...['lib', 'lib64', 'bin', 'sbin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    // numpy's BLAS is found through alternatives; Debian's matplotlib does not start without its matplotlibrc.
    ...['/etc/alternatives', '/etc/ld.so.cache', '/etc/fonts', '/etc/localtime', '/etc/matplotlibrc'].flatMap(
      (path) => ['--ro-bind-try', path, path],
    ),
    ...own,
    ...['--dev', '/dev'],
    ...['--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ...['--size', String(TMP_BYTES), '--tmpfs', '/tmp'],
    ...readOnly(join(paths.files, 'boot.py'), '/palimpsest/boot.py'),
    ...readOnly(join(paths.files, 'lib'), '/palimpsest/lib'),
    ...readOnly(join(paths.files, 'fonts'), '/palimpsest/fonts'),
    ...['--bind', paths.workspace, WORKSPACE],
    // After every bind: what is left writable is the workspace, /tmp and /dev/shm, each a mount of its own.
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', WORKSPACE],
  ];
}

function readOnly(from: string, to: string): readonly string[] {
  return ['--ro-bind', from, to];
}

function environment(): readonly string[] {
  const variables = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/tmp',
    USER: 'student',
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    PYTHONDONTWRITEBYTECODE: '1',
    // One thread each: they would share two cores with everybody's programs, and count as processes.
    OPENBLAS_NUM_THREADS: '1',
    OMP_NUM_THREADS: '1',
    MPLBACKEND: 'module://_palimpsest.figures',
    MPLCONFIGDIR: '/tmp/matplotlib',
  };
  return ['--clearenv', ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value])];
}

const PYTHON_COMMAND = [PYTHON, '-I', '-S', '-B', '-X', 'utf8', '-i', '/palimpsest/boot.py'];
