import { describe, expect, it } from '@jest/globals';
import { toJsonBytes } from './bytes.js';
import { encodeEvent, readEvent, readMetadata } from './recorded.js';
import { currentVersion, EVENT_TYPES, UnreadableEvent, upcast, type UpcasterChain } from './upcasters.js';

const actor = { id: 'system', role: 'system', via: 'system' } as const;

describe('upcasters', () => {
  const chain: UpcasterChain = {
    Renamed: [
      (data) => ({ name: (data as { n: string }).n }),
      (data) => ({ ...(data as object), length: (data as { name: string }).name.length }),
    ],
    Untouched: [],
  };

  it.each([
    [1, { n: 'ada' }],
    [2, { name: 'ada' }],
    [3, { name: 'ada', length: 3 }],
  ])('brings version %s to the current one, step by step', (version, data) => {
    expect(upcast('Renamed', version, data, chain)).toEqual({ name: 'ada', length: 3 });
  });

  it.each([0, 4, 1.5, Number.NaN])('refuses version %s', (version) => {
    expect(() => upcast('Renamed', version, {}, chain)).toThrow(UnreadableEvent);
  });

  it('refuses types that it does not know, those of Object too', () => {
    expect(() => upcast('Nothing', 1, {}, chain)).toThrow(UnreadableEvent);
    expect(() => upcast('toString', 1, {}, chain)).toThrow(UnreadableEvent);
  });

  it('knows every event, each at version 1 so far', () => {
    expect(EVENT_TYPES).toHaveLength(72);
    expect(currentVersion('RunRequested')).toBe(1);
  });
});

describe('recorded events', () => {
  const event = { type: 'FileCreated', data: { file: 'f' as never, path: 'é 👩 \u0000' } } as const;

  it('come back as they went, with their metadata', () => {
    const encoded = encodeEvent(event, { actor, file: 'f' });
    expect(readEvent(encoded)).toEqual(event);
    expect(readMetadata(encoded)).toEqual({ v: 1, actor, file: 'f' });
  });

  it('are refused without metadata and from a later version', () => {
    const { type, data } = encodeEvent(event, { actor });
    expect(() => readEvent({ type, data })).toThrow(UnreadableEvent);
    expect(() => readEvent({ type, data, metadata: toJsonBytes({ v: 2, actor }) })).toThrow('Upgrade');
  });
});
