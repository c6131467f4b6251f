import { describe, expect, test } from '@jest/globals';
import { BPF, SECCOMP_DATA, VERDICT } from './bpf.js';
import { AUDIT_ARCHITECTURE, CLONE_NEW_NAMESPACE, ERRNO, seccompFilter } from './seccomp.js';
import { ALLOWED, CONDITIONAL, FORBIDDEN, SYSCALL_NUMBERS, type SandboxArchitecture } from './syscalls.js';

/** Runs the bytes as the kernel does: an accumulator, forward jumps, a verdict. */
function verdict(filter: Uint8Array, data: DataView): number {
  const program = new DataView(filter.buffer);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = program.getUint16(at * 8, true);
    const k = program.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean) => (at += program.getUint8(at * 8 + (holds ? 2 : 3)));
    if (code === BPF.LOAD_WORD) accumulator = data.getUint32(k, true);
    else if (code === BPF.JUMP_EQUAL) jump(accumulator === k);
    else if (code === BPF.JUMP_GREATER) jump(accumulator > k);
    else if (code === BPF.JUMP_GREATER_OR_EQUAL) jump(accumulator >= k);
    else if (code === BPF.JUMP_ANY_BIT) jump((accumulator & k) !== 0);
    else if (code === BPF.RETURN) return k;
    else throw new Error(`instruction ${at} has the unknown code ${code}`);
  }
  throw new Error('the program ended without a verdict');
}

interface Call {
  readonly architecture: number;
  readonly number: number;
  readonly arguments: readonly bigint[];
}

function seccompData(call: Call): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(SECCOMP_DATA.NUMBER, call.number, true);
  data.setUint32(SECCOMP_DATA.ARCHITECTURE, call.architecture, true);
  call.arguments.forEach((value, n) => data.setBigUint64(SECCOMP_DATA.argument(n), value, true));
  return data;
}

function described(value: number): string {
  if (value === VERDICT.ALLOW) return 'allow';
  if (value === VERDICT.KILL_PROCESS) return 'kill';
  const name = Object.entries(ERRNO).find(([, errno]) => VERDICT.errno(errno) === value);
  return name?.[0] ?? `0x${value.toString(16)}`;
}

function verdictOf(machine: SandboxArchitecture, name: string, ...args: readonly (number | bigint)[]): string {
  const number = SYSCALL_NUMBERS[machine].get(name);
  if (number === undefined) throw new Error(`${machine} has no ${name}`);
  return verdictOn(machine, { number, arguments: args.map(BigInt) });
}

function verdictOn(machine: SandboxArchitecture, call: Partial<Call>): string {
  const data = seccompData({ architecture: AUDIT_ARCHITECTURE[machine], number: 0, arguments: [], ...call });
  return described(verdict(seccompFilter(machine), data));
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (machine) => {
  const has = (name: string) => SYSCALL_NUMBERS[machine].has(name);

  test('allows each call of the list', () => {
    for (const name of ALLOWED.filter(has)) expect([name, verdictOf(machine, name)]).toEqual([name, 'allow']);
  });

  test('refuses each forbidden call with EPERM', () => {
    for (const name of FORBIDDEN.filter(has)) expect([name, verdictOf(machine, name)]).toEqual([name, 'EPERM']);
  });

  test('says ENOSYS to every number that is in no list', () => {
    const named = new Set([...ALLOWED, ...FORBIDDEN, ...CONDITIONAL].map((name) => SYSCALL_NUMBERS[machine].get(name)));
    for (let number = 0; number < 600; number++)
      if (!named.has(number)) expect([number, verdictOn(machine, { number })]).toEqual([number, 'ENOSYS']);
  });

  test('refuses the x32 calls and kills a call of another architecture', () => {
    expect(verdictOn(machine, { number: 0x40000000 })).toBe('ENOSYS');
    expect(verdictOn(machine, { number: 0x40000000 + 59 })).toBe('ENOSYS');
    expect(verdictOn(machine, { architecture: 0x40000003 })).toBe('kill');
  });

  test('lets clone make processes and threads but no namespace', () => {
    expect(verdictOf(machine, 'clone', 0x1200011)).toBe('allow');
    expect(verdictOf(machine, 'clone', 0x3d0f00)).toBe('allow');
    for (let bit = 0; bit < 32; bit++) {
      const flag = (1 << bit) >>> 0;
      const expected = (flag & CLONE_NEW_NAMESPACE) !== 0 ? 'EPERM' : 'allow';
      expect([bit, verdictOf(machine, 'clone', flag | 17)]).toEqual([bit, expected]);
    }
    expect(verdictOf(machine, 'clone', 0x1_1000_0000n)).toBe('EPERM');
    expect(verdictOf(machine, 'clone3', 0)).toBe('ENOSYS');
  });

  test('lets sockets be of the family AF_UNIX only', () => {
    const families = { unspecified: 0, unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, vsock: 40 };
    const verdicts = Object.entries(families).map(([name, family]) => [name, verdictOf(machine, 'socket', family)]);
    expect(Object.fromEntries(verdicts)).toEqual({
      unspecified: 'EPERM',
      unix: 'allow',
      inet: 'EPERM',
      inet6: 'EPERM',
      netlink: 'EPERM',
      packet: 'EPERM',
      vsock: 'EPERM',
    });
    expect(verdictOf(machine, 'socketpair', 1)).toBe('allow');
    expect(verdictOf(machine, 'socketpair', 30)).toBe('EPERM');
  });

  test('lets ioctl ask a terminal but never type into it, whatever the high bits say', () => {
    expect(verdictOf(machine, 'ioctl', 0, 0x5401)).toBe('allow');
    expect(verdictOf(machine, 'ioctl', 0, 0x5413)).toBe('allow');
    expect(verdictOf(machine, 'ioctl', 0, 0x5412)).toBe('EPERM');
    expect(verdictOf(machine, 'ioctl', 0, 0x1_0000_5412n)).toBe('EPERM');
    expect(verdictOf(machine, 'ioctl', 0, 0xffff_ffff_0000_541cn)).toBe('EPERM');
    expect(verdictOf(machine, 'ioctl', 0, 0x5423)).toBe('ENOTTY');
    expect(verdictOf(machine, 'ioctl', 0, 0x40049409)).toBe('ENOTTY');
  });

  test('says that no file system here can reserve space', () => {
    expect(verdictOf(machine, 'fallocate', 3, 0, 0, 1)).toBe('EOPNOTSUPP');
  });

  test('lets prctl name a thread but not change how it is protected', () => {
    expect(verdictOf(machine, 'prctl', 15)).toBe('allow');
    expect(verdictOf(machine, 'prctl', 4)).toBe('EINVAL');
    expect(verdictOf(machine, 'prctl', 47)).toBe('EINVAL');
  });
});

test('no call is in two lists', () => {
  const names = [...ALLOWED, ...FORBIDDEN, ...CONDITIONAL];
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
