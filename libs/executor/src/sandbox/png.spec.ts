import { describe, expect, it } from '@jest/globals';
import { MOST_PNG_BYTES, parseFigure, readPng } from './png.js';

function chunk(type: string, data: Buffer): Buffer {
  const frame = Buffer.alloc(12 + data.length);
  frame.writeUInt32BE(data.length, 0);
  frame.write(type, 4, 'latin1');
  data.copy(frame, 8);
  return frame;
}

function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  return chunk('IHDR', data);
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const pixels = (bytes = 10) => chunk('IDAT', Buffer.alloc(bytes));
const end = chunk('IEND', Buffer.alloc(0));
const png = (...chunks: Buffer[]) => Buffer.concat([SIGNATURE, ...chunks]);
const size = (width: number, height: number) => readPng(png(header(width, height), pixels(), end));

describe('a PNG out of a program', () => {
  it('is taken with its size', () => {
    const bytes = png(header(640, 480), chunk('tEXt', Buffer.from('Software\0x')), pixels(), pixels(), end);
    expect(readPng(bytes)).toEqual({ bytes, width: 640, height: 480 });
    expect(parseFigure(bytes.toString('base64'))).toMatchObject({ width: 640, height: 480 });
  });

  it.each([
    ['at the edge of its sides', 4096, 2075, true],
    ['wider than that', 4097, 1, false],
    ['higher than that', 1, 4097, false],
    ['of more pixels than that', 4096, 2076, false],
    ['without width', 0, 5, false],
    ['without height', 5, 0, false],
    ['of 2³¹ pixels', 0x80000000, 1, false],
  ])('%s: %s × %s', (_name, width, height, fits) => {
    expect(size(width, height) !== undefined).toBe(fits);
  });

  it('may have so many bytes and not one more', () => {
    const rest = png(header(9, 9), pixels(0), end).length;
    expect(readPng(png(header(9, 9), pixels(MOST_PNG_BYTES - rest), end))).toBeDefined();
    expect(readPng(png(header(9, 9), pixels(MOST_PNG_BYTES - rest + 1), end))).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another format', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')],
    ['the signature alone', SIGNATURE],
    ['no header', png(pixels(), end)],
    ['a header that is not first', png(pixels(), header(9, 9), end)],
    ['two headers', png(header(9, 9), header(5000, 5000), pixels(), end)],
    ['no pixels', png(header(9, 9), end)],
    ['no end', png(header(9, 9), pixels())],
    ['something after its end', Buffer.concat([png(header(9, 9), pixels(), end), Buffer.from('<html>')])],
    ['a chunk after its end', png(header(9, 9), pixels(), end, chunk('tEXt', Buffer.from('x')))],
    ['a chunk that is cut off', png(header(9, 9), pixels(), end).subarray(0, -1)],
    ['a length beyond the file', png(header(9, 9), Buffer.from('7fffffff49444154', 'hex'), end)],
  ])('%s is none', (_name, bytes) => {
    expect(readPng(bytes)).toBeUndefined();
  });

  it.each(['', '====', 'AAAA!', 'AA AA', 'iVBORw0KGgo='])('Base64 "%s" gives none', (text) => {
    expect(parseFigure(text)).toBeUndefined();
  });
});
