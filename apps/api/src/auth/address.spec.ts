import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { clientAddress } from './address.js';

const from = (remoteAddress: string, forwarded?: string) =>
  ({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as unknown as IncomingMessage;
const trusts = (address: string) => address.startsWith('10.');

describe("a client's address", () => {
  it.each([
    ['the peer where nobody is trusted', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['what a trusted proxy says', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
    [
      'the last that a trusted one was told, whatever stands before it',
      '10.0.0.1',
      '6.6.6.6, 198.51.100.7',
      '198.51.100.7',
    ],
    ['the first behind several trusted ones', '10.0.0.1', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['the farthest where all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the proxy itself where it says nothing', '10.0.0.1', undefined, '10.0.0.1'],
  ])('is %s', (_, peer, forwarded, expected) => {
    expect(clientAddress(from(peer, forwarded), trusts)).toBe(expected);
  });

  it('is cut where somebody sends a long one', () => {
    expect(clientAddress(from('10.0.0.1', 'x'.repeat(5_000)), trusts)).toHaveLength(64);
  });
});
