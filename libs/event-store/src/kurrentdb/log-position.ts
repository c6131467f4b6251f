/** Positions of this adapter: the server's two numbers as the text "commit/prepare". */
import { InvalidArgument } from '../errors.js';
import type { Position } from '../event-store.js';

export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

const TEXT = /^(0|[1-9][0-9]{0,19})\/(0|[1-9][0-9]{0,19})$/;
/** Larger than any offset in a log file. What a server has no number for it sends as 2^64 - 1, or as -1. */
const MAX_OFFSET = 2n ** 63n - 1n;

export function formatPosition({ commit, prepare }: LogPosition): Position {
  return `${commit}/${prepare}` as Position;
}

/** Throws InvalidArgument for text that this adapter did not write, as positions of Postgres are. */
export function parsePosition(position: Position): LogPosition {
  const [, commit, prepare] = TEXT.exec(position) ?? [];
  const parsed = { commit: BigInt(commit ?? -1), prepare: BigInt(prepare ?? -1) };
  if (!isOffset(parsed.commit) || !isOffset(parsed.prepare))
    throw new InvalidArgument(`"${String(position)}" is no position of this log: use one that it gave.`);
  return parsed;
}

/**
 * The position that a message names, undefined if it names none. An event written without a transaction of the old kind has
 * the same number twice, so that one stands in for the other: answers about single streams lack the first on some servers.
 */
export function positionOf(commit: string | bigint, prepare: string | bigint): LogPosition | undefined {
  const numbers = { commit: BigInt(commit || 0), prepare: BigInt(prepare || 0) };
  if (!isOffset(numbers.commit)) numbers.commit = numbers.prepare;
  if (!isOffset(numbers.prepare)) numbers.prepare = numbers.commit;
  return isOffset(numbers.commit) ? numbers : undefined;
}

export function comparePositions(a: LogPosition, b: LogPosition): number {
  const difference = a.commit === b.commit ? a.prepare - b.prepare : a.commit - b.commit;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function isOffset(value: bigint): boolean {
  return value >= 0n && value <= MAX_OFFSET;
}
