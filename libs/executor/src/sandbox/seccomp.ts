/**
 * The system calls of a student's program: an allow-list. Whatever is not named gets ENOSYS, as on an older kernel, so that
 * libraries fall back; what is dangerous gets EPERM, which Python turns into a readable message. No compiler and no
 * libseccomp are needed: a filter is a few hundred instructions of 8 bytes.
 *
 * Speed does not matter: since Linux 5.11 the kernel computes at installation which numbers are always allowed.
 */
import {
  assemble,
  BPF,
  give,
  giveIfAnyBit,
  giveIfEqual,
  giveIfWithin,
  load,
  SECCOMP_DATA,
  test,
  VERDICT,
  whenEqual,
  type Instruction,
} from './bpf.js';
import {
  ALLOWED,
  CONDITIONAL,
  FORBIDDEN,
  SYSCALL_NUMBERS,
  type ConditionalCall,
  type SandboxArchitecture,
} from './syscalls.js';

/** AUDIT_ARCH_* of linux/audit.h. A 64-bit process that uses `int 0x80` arrives as i386, and dies. */
export const AUDIT_ARCHITECTURE: Readonly<Record<SandboxArchitecture, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
};

export const ERRNO = { EPERM: 1, ENOTTY: 25, EINVAL: 22, ENOSYS: 38, EOPNOTSUPP: 95 } as const;

const EPERM = VERDICT.errno(ERRNO.EPERM);
const ENOSYS = VERDICT.errno(ERRNO.ENOSYS);

/** System calls of the x32 ABI have this bit, with the architecture of x86-64. */
const X32_BIT = 0x40000000;

/** NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: a new namespace of any kind. */
export const CLONE_NEW_NAMESPACE = 0x7e020000;

const AF_UNIX = 1;

/** Putting characters into the terminal's input as if typed, and the console's menu: two ways out through a terminal. */
export const TIOCSTI = 0x5412;
export const TIOCLINUX = 0x541c;

type Range = readonly [first: number, last: number];

/** Requests of asm-generic/ioctls.h, the same on both machines. */
const TERMINAL_REQUESTS: readonly Range[] = [
  [0x5401, 0x540b], // TCGETS … TCFLSH: attributes, break, flow, flush
  [0x540e, 0x5411], // TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ
  [0x5413, 0x5414], // TIOCGWINSZ, TIOCSWINSZ
  [0x541b, 0x541b], // FIONREAD
  [0x5421, 0x5422], // FIONBIO, TIOCNOTTY
  [0x5425, 0x5425], // TCSBRKP
  [0x5429, 0x5429], // TIOCGSID
  [0x5441, 0x5441], // TIOCGPTPEER
  [0x5450, 0x5452], // FIONCLEX, FIOCLEX, FIOASYNC
  [0x40045431, 0x40045431], // TIOCSPTLCK
  [0x80045430, 0x80045430], // TIOCGPTN
  [0x402c542b, 0x402c542d], // TCSETS2, TCSETSW2, TCSETSF2: glibc 2.42 and newer
  [0x802c542a, 0x802c542a], // TCGETS2
];

/** PR_SET_PDEATHSIG … PR_GET_DUMPABLE, the thread's name, PR_CAPBSET_READ, NO_NEW_PRIVS, PR_SET_VMA (names memory). */
const PRCTL_OPTIONS: readonly Range[] = [
  [1, 3],
  [15, 16],
  [23, 23],
  [38, 39],
  [0x53564d41, 0x53564d41],
];

const allowWithin = ([first, last]: Range) => giveIfWithin(first, last, VERDICT.ALLOW);

/**
 * Each ends in a verdict. Arguments are compared by their low 32 bits, which is what the kernel uses of them: a filter that
 * looked at all 64 let TIOCSTI through with a high bit set (CVE-2019-10063).
 */
const CONDITIONS: Readonly<Record<ConditionalCall, readonly Instruction[]>> = {
  ioctl: [
    load(SECCOMP_DATA.argument(1)),
    ...giveIfEqual(TIOCSTI, EPERM),
    ...giveIfEqual(TIOCLINUX, EPERM),
    ...TERMINAL_REQUESTS.flatMap(allowWithin),
    give(VERDICT.errno(ERRNO.ENOTTY)),
  ],
  // A network namespace does not hold back AF_VSOCK, so it is the family that is checked.
  socket: [load(SECCOMP_DATA.argument(0)), ...giveIfEqual(AF_UNIX, VERDICT.ALLOW), give(EPERM)],
  socketpair: [load(SECCOMP_DATA.argument(0)), ...giveIfEqual(AF_UNIX, VERDICT.ALLOW), give(EPERM)],
  clone: [load(SECCOMP_DATA.argument(0)), ...giveIfAnyBit(CLONE_NEW_NAMESPACE, EPERM), give(VERDICT.ALLOW)],
  // Its flags are behind a pointer, which a filter cannot follow. The C library falls back to clone.
  clone3: [give(ENOSYS)],
  // It would take gigabytes of disk in a moment, faster than a workspace can be measured. The C library writes instead.
  fallocate: [give(VERDICT.errno(ERRNO.EOPNOTSUPP))],
  prctl: [load(SECCOMP_DATA.argument(0)), ...PRCTL_OPTIONS.flatMap(allowWithin), give(VERDICT.errno(ERRNO.EINVAL))],
};

/** Whether a filter can be made for this machine. */
export function isSandboxArchitecture(architecture: string): architecture is SandboxArchitecture {
  return Object.hasOwn(SYSCALL_NUMBERS, architecture);
}

/** The filter as instructions; `seccompFilter` gives its bytes. */
export function seccompProgram(architecture: SandboxArchitecture): readonly Instruction[] {
  const numbers = SYSCALL_NUMBERS[architecture];
  const known = (names: readonly string[]) => names.map((name) => numbers.get(name)).filter((n) => n !== undefined);
  return [
    load(SECCOMP_DATA.ARCHITECTURE),
    test(BPF.JUMP_EQUAL, AUDIT_ARCHITECTURE[architecture], 1, 0),
    give(VERDICT.KILL_PROCESS),
    load(SECCOMP_DATA.NUMBER),
    ...giveIfAnyBit(X32_BIT, ENOSYS),
    ...CONDITIONAL.flatMap((name) => conditional(numbers.get(name), CONDITIONS[name])),
    ...ranges(known(ALLOWED)).flatMap(allowWithin),
    ...ranges(known(FORBIDDEN)).flatMap(([first, last]) => giveIfWithin(first, last, EPERM)),
    give(ENOSYS),
  ];
}

/** The filter as bubblewrap's `--seccomp` reads it. */
export function seccompFilter(architecture: SandboxArchitecture): Uint8Array {
  return assemble(seccompProgram(architecture));
}

function conditional(number: number | undefined, body: readonly Instruction[]): readonly Instruction[] {
  return number === undefined ? [] : whenEqual(number, body);
}

/** Consecutive numbers as ranges, ascending. */
function ranges(numbers: readonly number[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else result.push([number, number]);
  }
  return result;
}
