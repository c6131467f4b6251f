import { describe, expect, test } from '@jest/globals';
import { bubblewrapArguments } from './arguments.js';
import { DEFAULT_LIMITS } from './limits.js';
import { encodeOrders } from './started-sandbox.js';

const PATHS = { files: '/scratch/sandbox', workspace: '/scratch/runs/1/workspace' };
const args = bubblewrapArguments(PATHS);
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

  test('know nothing of the run', () => {
    expect(program.at(-1)).toBe('/palimpsest/boot.py');
  });
});

describe('the orders', () => {
  const of = { limits: DEFAULT_LIMITS, columns: 80, rows: 24 };

  test('are fields that end with a zero byte, and end with one more', () => {
    const script = encodeOrders({ ...of, mode: 'script', entry: 'é\n--bind.py' }).toString('utf8');
    expect(script.split('\0')).toEqual(
      ['script', 50, 30, 10_485_760, 402_653_184, 1_073_741_824, '-', 'é\n--bind.py', '', ''].map(String),
    );
    const console = encodeOrders({ ...of, mode: 'repl', entry: null }).toString('utf8');
    expect(console).toBe('repl\x0050\x0030\x0010485760\x00402653184\x001073741824\0-\0\0');
    const refused = encodeOrders({ ...of, mode: 'repl', entry: null, refused: ['os.fork', 'ctypes'] }).toString('utf8');
    expect(refused.split('\0').slice(6)).toEqual(['os.fork,ctypes', '', '']);
  });
});
