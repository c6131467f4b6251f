import { describe, expect, it } from '@jest/globals';
import { ByteReader, ByteWriter } from './bytes.js';
import { decodeFileEdited, encodeFileEdited, type FileEdited } from './file.js';

const event: FileEdited = {
  startedAt: 1_795_468_576_476,
  edits: [
    { ms: 0, origin: 'live', update: Uint8Array.of(1, 2, 3) },
    { ms: 130, origin: 'sync', update: new Uint8Array(300).fill(7) },
    { ms: 2 ** 40, origin: 'server', update: new Uint8Array(0) },
  ],
};
/** Frozen: the stored form of version 1. If this changes, old logs cannot be read. */
const FROZEN_SMALL = '0180f4a9d2f93301820101020203';

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('FileEdited', () => {
  it('comes back as it went', () => {
    expect(decodeFileEdited(encodeFileEdited(event))).toEqual(event);
  });

  it('has the stored form of version 1', () => {
    const small: FileEdited = {
      startedAt: 1_785_000_000_000,
      edits: [{ ms: 130, origin: 'sync', update: Uint8Array.of(2, 3) }],
    };
    expect(toHex(encodeFileEdited(small))).toBe(FROZEN_SMALL);
    expect(decodeFileEdited(fromHex(FROZEN_SMALL))).toEqual(small);
  });

  it('refuses every cut of a stored form, and anything after its end', () => {
    const bytes = encodeFileEdited(event);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeFileEdited(bytes.subarray(0, length))).toThrow(RangeError);
    expect(() => decodeFileEdited(Uint8Array.of(...bytes, 0))).toThrow('1 bytes too many');
  });

  it('refuses formats and origins that it does not know, and counts that are not there', () => {
    expect(() => decodeFileEdited(Uint8Array.of(2, 0, 0))).toThrow('upgrade');
    expect(() => decodeFileEdited(Uint8Array.of(1, 0, 1, 0, 9, 0))).toThrow('origin');
    expect(() =>
      decodeFileEdited(
        new ByteWriter()
          .varuint(1)
          .varuint(0)
          .varuint(2 ** 50)
          .finish(),
      ),
    ).toThrow(RangeError);
  });
});

describe('varuint', () => {
  it.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])('keeps %s', (value) => {
    expect(new ByteReader(new ByteWriter().varuint(value).finish()).varuint()).toBe(value);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('refuses to write %s', (value) => {
    expect(() => new ByteWriter().varuint(value)).toThrow(RangeError);
  });

  it('refuses to read more than 2^53 − 1', () => {
    expect(() => new ByteReader(new Uint8Array(9).fill(0xff)).varuint()).toThrow('larger');
  });
});
