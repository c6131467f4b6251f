import { describe, expect, it } from '@jest/globals';
import { CLOSE } from '@palimpsest/protocol/wire';
import { closingOf } from './run-closing.js';

describe('closingOf', () => {
  it.each(Object.entries(CLOSE).filter(([, code]) => code < 4500))(
    'has words for %s, with or without a reason',
    (_, code) => {
      expect(closingOf(code, '')?.sentence).toMatch(/^[A-Z].+\.$/);
      expect(closingOf(code, 'So it is.')?.sentence).toMatch(/^[A-Z].+\.$/);
    },
  );

  it('says what the server says where that is for a person', () => {
    const reason = 'Your account has been deactivated: ask your professor or the administrator.';
    expect(closingOf(CLOSE.unauthenticated, reason)?.sentence).toBe(reason);
    expect(closingOf(CLOSE.badMessage, 'a run takes input, resize and cancel')?.sentence).not.toContain('resize');
  });

  it.each([1000, 1006, CLOSE.goingAway, CLOSE.unavailable, CLOSE.limited])('leaves %i to be tried again', (code) =>
    expect(closingOf(code, 'come back')).toBeNull(),
  );

  it('is for all of 44xx, also those that are not known yet', () => {
    expect([4399, 4400, 4499, 4500].map((code) => closingOf(code, 'x') !== null)).toEqual([false, true, true, false]);
  });
});
