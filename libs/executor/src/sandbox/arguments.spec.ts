import { describe, expect, test } from '@jest/globals';
import { bubblewrapArguments } from './arguments.js';
import { DEFAULT_LIMITS } from './limits.js';

const PATHS = { files: '/scratch/sandbox', workspace: '/scratch/runs/1/workspace' };
const args = bubblewrapArguments(PATHS, { mode: 'script', entry: '--bind.py', limits: DEFAULT_LIMITS });
const options = args.slice(0, args.indexOf('--'));
const program = args.slice(args.indexOf('--') + 1);

describe('the arguments of bubblewrap', () => {
  test('unshare every namespace and drop every capability', () => {
    for (const namespace of ['user', 'pid', 'net', 'ipc', 'uts', 'cgroup-try'])
      expect(options).toContain(`--unshare-${namespace}`);
    expect(options.join(' ')).toContain('--cap-drop ALL --die-with-parent --seccomp 9');
    expect(options).toContain('--disable-userns');
  });

  test('leave out what was found to do harm', () => {
    expect(options).not.toContain('--new-session');
    expect(options).not.toContain('--proc');
  });

  test('bind one folder writable, and make the root read-only after the last bind', () => {
    const binds = options.flatMap((option, at) => (option === '--bind' ? [options.slice(at + 1, at + 3)] : []));
    expect(binds).toEqual([[PATHS.workspace, '/workspace']]);
    expect(options.lastIndexOf('--bind')).toBeLessThan(options.indexOf('--remount-ro'));
    expect(options.lastIndexOf('--ro-bind')).toBeLessThan(options.indexOf('--remount-ro'));
    expect(options.lastIndexOf('--tmpfs')).toBeLessThan(options.indexOf('--remount-ro'));
  });

  test('pass the script’s name behind everything that could take it for an option', () => {
    expect(program.at(-1)).toBe('--bind.py');
    expect(program.indexOf('/palimpsest/boot.py')).toBeLessThan(program.length - 1);
    const console = bubblewrapArguments(PATHS, { mode: 'repl', entry: null, limits: DEFAULT_LIMITS });
    expect(console.at(console.lastIndexOf('/palimpsest/boot.py') + 1)).toBe('repl');
  });
});
