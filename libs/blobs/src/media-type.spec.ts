import { expect, test } from '@jest/globals';
import { mediaTypeOf } from './media-type.js';

test.each([
  ['89504e470d0a1a0a0000', 'image/png'],
  ['ffd8ffe0', 'image/jpeg'],
  ['474946383961', 'image/gif'],
  ['524946460000000057454250', 'image/webp'],
  ['255044462d312e37', 'application/pdf'],
  ['504b0304', 'application/zip'],
  ['', 'application/octet-stream'],
  ['89504e47', 'application/octet-stream'],
  // What a browser would run is never told by its name: this is bytes to be saved.
  [
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').toString('hex'),
    'application/octet-stream',
  ],
  [Buffer.from('<!doctype html>').toString('hex'), 'application/octet-stream'],
])('%s is %s', (hex, mediaType) => expect(mediaTypeOf(Buffer.from(hex, 'hex'))).toBe(mediaType));
