/**
 * Classic BPF as seccomp takes it: instructions of 8 bytes (struct sock_filter in linux/filter.h), which read
 * struct seccomp_data: the number at 0, the architecture at 4, argument n at 16 + 8n (low word first: both machines here
 * are little-endian).
 */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip when the test holds, and when it does not: at most 255. */
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly k: number;
}

/** Operation codes: class, size or operation, and mode added up. */
export const BPF = {
  LOAD_WORD: 0x20,
  JUMP: 0x05,
  JUMP_EQUAL: 0x15,
  JUMP_GREATER: 0x25,
  JUMP_GREATER_OR_EQUAL: 0x35,
  JUMP_ANY_BIT: 0x45,
  RETURN: 0x06,
} as const;

/** Offsets in struct seccomp_data, bytes. */
export const SECCOMP_DATA = { NUMBER: 0, ARCHITECTURE: 4, argument: (n: number) => 16 + 8 * n } as const;

export const VERDICT = {
  ALLOW: 0x7fff0000,
  KILL_PROCESS: 0x80000000,
  errno: (errno: number) => 0x00050000 | errno,
} as const;

export const load = (offset: number): Instruction => statement(BPF.LOAD_WORD, offset);
export const give = (verdict: number): Instruction => statement(BPF.RETURN, verdict);

/** `give(verdict)` if the accumulator equals `k`, else on with the next instruction. */
export function giveIfEqual(k: number, verdict: number): readonly Instruction[] {
  return [test(BPF.JUMP_EQUAL, k, 0, 1), give(verdict)];
}

/** `give(verdict)` if the accumulator has any of these bits. */
export function giveIfAnyBit(bits: number, verdict: number): readonly Instruction[] {
  return [test(BPF.JUMP_ANY_BIT, bits, 0, 1), give(verdict)];
}

/** `give(verdict)` if first ≤ accumulator ≤ last. */
export function giveIfWithin(first: number, last: number, verdict: number): readonly Instruction[] {
  if (first === last) return giveIfEqual(first, verdict);
  return [test(BPF.JUMP_GREATER_OR_EQUAL, first, 0, 2), test(BPF.JUMP_GREATER, last, 1, 0), give(verdict)];
}

/** `body` if the accumulator equals `k`, else past it. */
export function whenEqual(k: number, body: readonly Instruction[]): readonly Instruction[] {
  if (body.length > 255) throw new RangeError('a conditional jump reaches 255 instructions');
  return [test(BPF.JUMP_EQUAL, k, 0, body.length), ...body];
}

export function test(code: number, k: number, whenTrue: number, whenFalse: number): Instruction {
  return { code, k, whenTrue, whenFalse };
}

function statement(code: number, k: number): Instruction {
  return { code, k, whenTrue: 0, whenFalse: 0 };
}

/** The bytes of a program. The kernel takes at most 4096 instructions. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  if (program.length > 4096) throw new RangeError(`${program.length} BPF instructions, the kernel takes 4096`);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach((instruction, index) => {
    view.setUint16(index * 8, instruction.code, true);
    view.setUint8(index * 8 + 2, instruction.whenTrue);
    view.setUint8(index * 8 + 3, instruction.whenFalse);
    view.setUint32(index * 8 + 4, instruction.k >>> 0, true);
  });
  return bytes;
}
