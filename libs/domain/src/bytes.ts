/**
 * Numbers and texts as bytes. TextEncoder and TextDecoder are WHATWG standards that every runtime of ours has; they are
 * declared here because this room is compiled without the types of a browser or of Node.
 */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM?: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
/** Leaves a byte order mark where it is: it is a part of the text. */
const exactDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `value` as JSON text in UTF-8. */
export function toJsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The value of JSON text in UTF-8. Throws TypeError for broken UTF-8 and SyntaxError for broken JSON. */
export function fromJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes)) as unknown;
}

/** Collects bytes; integers are LEB128 (seven bits a byte, lowest first), up to 2^53 − 1. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  varuint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a non-negative integer`);
    let rest = value;
    while (rest >= 0x80) {
      this.#push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.#push(rest);
  }

  bytes(bytes: Uint8Array): this {
    this.varuint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** As UTF-8, by its length in bytes. */
  text(text: string): this {
    return this.bytes(encoder.encode(text));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
    return this;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what ByteWriter wrote. Every method throws RangeError where the bytes end too early or a number is too large. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  varuint(): number {
    // Most numbers are of one byte, and there may be hundreds of thousands to read at once.
    const only = this.#bytes[this.#at];
    if (only !== undefined && only < 0x80) {
      this.#at += 1;
      return only;
    }
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the bytes end inside a number');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is larger than 2^53 − 1');
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError('the bytes end before a byte');
    return byte;
  }

  /** A view on the next length-prefixed bytes, not a copy. */
  bytes(): Uint8Array {
    const length = this.varuint();
    if (length > this.remaining) throw new RangeError(`${length} bytes announced, ${this.remaining} there`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** What `ByteWriter.text` wrote. Throws TypeError for bytes that are not UTF-8. */
  text(): string {
    return exactDecoder.decode(this.bytes());
  }
}
