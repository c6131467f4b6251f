import { describe, expect, it } from '@jest/globals';
import { actionOf, AUDIT_ACTIONS, auditOutcomeOf, objectKindOf, typesOfAction } from './audit-actions.js';
import { plainAddress } from './audit-address.js';
import type { RunOutcome } from './run.js';
import { type DomainEvent, EVENT_TYPES } from './upcasters.js';

describe('actions', () => {
  it('are one for each type of event, and each its own', () => {
    expect(EVENT_TYPES.map(actionOf).sort()).toEqual(AUDIT_ACTIONS);
    expect(new Set(AUDIT_ACTIONS).size).toBe(AUDIT_ACTIONS.length);
    for (const type of EVENT_TYPES) expect(typesOfAction(actionOf(type), false)).toEqual([type]);
  });

  it('are dotted, in lower case', () => {
    for (const action of AUDIT_ACTIONS) expect(action).toMatch(/^[a-z-]+\.[a-z-]+$/);
  });

  it('are found by their beginning', () => {
    expect(typesOfAction('sign-in.', true)).toEqual(['SignedIn', 'SignInRefused']);
    expect(typesOfAction('sign-in.', false)).toEqual([]);
  });

  it('of a type that nobody knows are the type', () => {
    expect([actionOf('Unheard'), objectKindOf('Unheard')]).toEqual(['Unheard', 'log']);
  });
});

describe('the outcome', () => {
  const finished = (outcome: RunOutcome) => ({ type: 'RunFinished', data: { outcome } }) as unknown as DomainEvent;

  it.each([
    ['ok', { kind: 'exited', code: 0 }],
    ['error', { kind: 'exited', code: 1 }],
    ['error', { kind: 'signalled', signal: 'SIGSEGV' }],
    ['limited', { kind: 'timed-out', limit: 'cpu', seconds: 30 }],
    ['limited', { kind: 'out-of-memory' }],
    ['ok', { kind: 'cancelled' }],
    ['refused', { kind: 'refused', reason: 'x' }],
    ['error', { kind: 'failed', reason: 'x' }],
  ] as [string, RunOutcome][])('%s of a run that %j', (outcome, run) => {
    expect(auditOutcomeOf(finished(run))).toBe(outcome);
  });
});

describe('an address', () => {
  it.each([
    ['10.0.0.9', '10.0.0.9'],
    ['::ffff:10.0.0.9', '10.0.0.9'],
    ['FE80::1%eth0', 'fe80::1'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:1'],
    ['1::2::3', null],
    ['1:2:3:4:5:6:7', null],
    ['1:2:3:4:5:6:7:8:9', null],
    ['010.0.0.1', null],
    ['10.0.0.0/8', null],
    ['a word of a proxy', null],
    ['', null],
    [undefined, null],
  ])('%s is kept as %s', (text, kept) => {
    expect(plainAddress(text)).toBe(kept);
  });
});
