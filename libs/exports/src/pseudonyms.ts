import { createHmac } from 'node:crypto';

/** Hexadecimal digits of a pseudonym: 80 bits, so that a million of them do not meet by chance. */
const DIGITS = 20;

/**
 * Ids that say nothing to whoever has not the key. The same thing has the same pseudonym in all exports of one course with
 * one key, so that exports can be put together, and another one in another course, so that courses cannot.
 */
export class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #remembered = new Map<string, string>();

  /** `key`: secret; `course`: of which the export is. */
  constructor(key: Uint8Array, course: string) {
    this.#key = createHmac('sha256', key).update(`palimpsest export of ${course}`).digest();
  }

  /** The same for something of which there are few, and which is named in many rows: it is remembered. */
  often(kind: string, id: string): string {
    const name = `${kind} ${id}`;
    const known = this.#remembered.get(name) ?? this.of(kind, id);
    this.#remembered.set(name, known);
    return known;
  }

  /** `kind` keeps a person and a file apart that had the same id. */
  of(kind: string, id: string): string {
    return createHmac('sha256', this.#key).update(`${kind} ${id}`).digest('hex').slice(0, DIGITS);
  }
}
