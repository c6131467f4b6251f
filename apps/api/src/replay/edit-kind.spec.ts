import { describe, expect, it } from '@jest/globals';
import { toJsonBytes } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import { kindOf, wayOf } from './edit-kind.js';

describe('the kind of an edit', () => {
  const none = new Set<string>();

  it('follows from the way it took, where that was not an editor', () => {
    expect(['sync', 'program', 'server', 'restore'].map((way) => kindOf(way as never, 'x\ny', '', none))).toEqual([
      ...['offline', 'program', 'server', 'restored'],
    ]);
  });

  it('follows from what it did, where it was one', () => {
    expect(kindOf('live', 'x', '', none)).toBe('typed');
    expect(kindOf('live', 'x', 'y', none)).toBe('typed');
    expect(kindOf('live', '', 'y', none)).toBe('deleted');
    expect(kindOf('live', '', '', none)).toBe('typed');
    expect(kindOf('live', 'x\ny', '', none)).toBe('pasted');
    expect(kindOf('live', 'x\ny', '', new Set(['x\ny']))).toBe('put-back');
  });

  it('of the server tells programs, restorations and everything else apart', () => {
    const by = (via: string, more = {}) =>
      ({ metadata: toJsonBytes({ v: 1, actor: { id: 'a', role: 'student', via }, ...more }) }) as RecordedEvent;
    expect(wayOf(by('executor'), 'server')).toBe('program');
    expect(wayOf(by('web', { causation: 'revision 7' }), 'server')).toBe('restore');
    expect(wayOf(by('web'), 'server')).toBe('server');
    expect(wayOf(by('websocket'), 'live')).toBe('live');
  });
});
