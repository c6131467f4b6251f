import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AuditEvent } from '@palimpsest/domain';
import type { AuditLog } from '../audit/audit-log.js';
import type { CommandContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { LimitRecords } from '../limits/limit-records.js';
import type { RateLimits } from '../limits/rate-limits.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { PersonLimits, TooManyDocuments } from './person-limits.js';

const context = (id: string, role: 'student' | 'professor' = 'student'): CommandContext => ({
  actor: { id, role, via: 'websocket' },
});

function limits(messagesPerMinute = 300, openDocuments = 20) {
  const recorded: AuditEvent[] = [];
  const record = (event: AuditEvent) => {
    recorded.push(event);
    return Promise.resolve();
  };
  const configuration = { messagesPerMinute, openDocuments } as Configuration;
  const records = new LimitRecords({ record } as unknown as AuditLog, new ServiceMeters());
  const take = () => Promise.resolve({ allowed: true, most: 600, remaining: 1, resetMs: 1_000 });
  return { recorded, limits: new PersonLimits(configuration, records, { take } as unknown as RateLimits) };
}

describe('limits of a person', () => {
  // 300 messages take a slow machine long enough to be given a few more.
  beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(1_000));
  afterEach(() => void jest.restoreAllMocks());

  it('[LM5] [LM6] lets 20 documents open and refuses the 21st with a sentence, until one is closed', () => {
    const { limits: people, recorded } = limits();
    const close = Array.from({ length: 20 }, (_, n) => people.open(`file ${n}`, context('ada')));
    expect(() => people.open('file 20', context('ada'))).toThrow(TooManyDocuments);
    expect(() => people.open('file 20', context('ada'))).toThrow('You have 20 files open');
    people.open('file 0', context('ada')); // the same file in another tab
    people.open('file 20', context('ben'));
    close[7]?.();
    people.open('file 20', context('ada'));
    expect(recorded).toEqual([{ type: 'LimitReached', data: { limit: 'open-documents', most: 20, waitSeconds: 10 } }]);
  });

  it('[LM6] bounds the sockets on one and the same file as well', () => {
    const { limits: people } = limits(300, 2);
    for (let n = 0; n < 8; n++) people.open('file', context('ada'));
    expect(() => people.open('file', context('ada'))).toThrow('too many windows');
  });

  it('[LM1] counts the messages of all sockets of a person, of each person alone, the same for every role', () => {
    const { limits: people, recorded } = limits();
    for (const role of ['student', 'professor'] as const) {
      for (let n = 0; n < 300; n++) expect(people.takeMessage(30, context(role, role))).toBe(0);
      expect(people.takeMessage(30, context(role, role))).toBeGreaterThan(4_000);
    }
    expect(recorded.map(({ type }) => type)).toEqual(['LimitReached', 'LimitReached']);
  });

  it('does not forget what was sent when the sockets are closed', () => {
    const { limits: people } = limits();
    const close = people.open('file', context('ada'));
    for (let n = 0; n < 300; n++) people.takeMessage(30, context('ada'));
    close();
    people.open('file', context('ben'));
    expect(people.takeMessage(30, context('ada'))).toBeGreaterThan(0);
    expect(people.waitOf('ada')).toBeGreaterThan(0);
    expect(people.waitOf('nobody')).toBe(0);
  });

  it('[LM1] counts a large message once for each 32 KB that it begins', () => {
    const { limits: people } = limits();
    for (let n = 0; n < 10; n++) expect(people.takeMessage(900_000, context('ada'))).toBe(0);
    expect(people.takeMessage(900_000, context('ada'))).toBeGreaterThan(0);
  });
});
