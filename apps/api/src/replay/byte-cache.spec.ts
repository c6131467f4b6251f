import { describe, expect, it } from '@jest/globals';
import { ByteCache } from './byte-cache.js';

describe('ByteCache', () => {
  it('keeps what fits exactly, and gives up the longest unused for one byte more', () => {
    const cache = new ByteCache<string>(100);
    cache.set('a', 'A', 60);
    cache.set('b', 'B', 40);
    expect([cache.get('b'), cache.get('a'), cache.bytes]).toEqual(['B', 'A', 100]);
    cache.set('c', 'C', 1);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).toEqual(['A', undefined, 'C', 61]);
  });

  it('does not keep what is larger than all room, nor what it replaces', () => {
    const cache = new ByteCache<string>(100);
    cache.set('a', 'A', 10);
    cache.set('a', 'larger', 101);
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0]);
  });

  it('counts a value that is set again once', () => {
    const cache = new ByteCache<string>(100);
    cache.set('a', 'A', 50);
    cache.set('a', 'B', 70);
    expect([cache.get('a'), cache.bytes]).toEqual(['B', 70]);
  });
});
