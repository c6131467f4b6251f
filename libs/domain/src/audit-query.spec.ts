import { describe, expect, it } from '@jest/globals';
import {
  AUDIT_KEYS,
  AUDIT_QUERY_MOST,
  AUDIT_TERMS_MOST,
  AUDIT_VALUES_MOST,
  type AuditKey,
  type AuditQuery,
  type AuditTerm,
  parseAuditQuery,
  printAuditQuery,
  rangeOfQuery,
} from './audit-query.js';

const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const NOON = Date.UTC(2026, 9, 5, 12);

function read(text: string): AuditQuery {
  const parsed = parseAuditQuery(text);
  if (!parsed.ok) throw new Error(parsed.mistake.message);
  return parsed.query;
}

/** As a line: key, sign, values. */
function line({ key, isNegated, values }: AuditTerm): string {
  return `${isNegated ? 'not ' : ''}${key} ${values.map(({ text, isPrefix }) => text + (isPrefix ? '…' : '')).join('|')}`;
}

describe('a query', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['actor:ada', ['actor ada']],
    ['actor:ada,ben', ['actor ada|ben']],
    ['ACTOR:ada', ['actor ada']],
    ['action:file.*', ['action file.…']],
    ['-action:sign-in.*', ['not action sign-in.…']],
    ['action:file.create,run.*', ['action file.create|run.…']],
    ['outcome:refused  origin:api', ['outcome refused', 'origin api']],
    ['type:RunRequested', ['type RunRequested']],
    ['address:10.0.0.0/8', ['address 10.0.0.0/8']],
    ['address:2001:db8::/32,::1', ['address 2001:db8::/32|::1']],
    [`session:${ID} file:${ID}`, [`session ${ID}`, `file ${ID}`]],
    ['course:"Python 1"', ['course Python 1']],
    ['object:"a \\"b\\" \\\\ c.py"', ['object a "b" \\ c.py']],
    ['object:"my file"*', ['object my file…']],
    ['"free text" word', ['text free text', 'text word']],
    ['-"free text"', ['not text free text']],
    ['divi*', ['text divi…']],
    ['"actor:ada"', ['text actor:ada']],
    ['after:2026-10-01T08:30+02:00', ['after 2026-10-01T08:30+02:00']],
  ])('%j', (text, lines) => {
    const query = read(text);
    expect(query.map(line)).toEqual(lines);
    expect(read(printAuditQuery(query))).toEqual(query);
  });

  it.each([
    ['acton:ada', 0, 6, 'There is no key `acton:`. Did you mean `action:`?'],
    ['actor:ada note:x', 10, 5, 'Text with a colon stands in quotes'],
    ['actor:', 6, 1, 'Behind `actor:` stands who did it'],
    ['actor:ada,', 10, 1, 'Behind `actor:` stands who did it'],
    ['action:file.crate', 7, 10, 'There is no action `file.crate`. Did you mean `file.create`?'],
    ['action:files.*', 7, 7, 'There is no action `files.*`'],
    ['action:*', 7, 1, 'A star stands behind the beginning'],
    ['action:f*e', 9, 1, 'A value ends here'],
    ['type:RunRequest', 5, 10, 'Did you mean `RunRequested`?'],
    ['outcome:denied', 8, 6, 'There are ok, refused, limited, error.'],
    ['outcome:ref*', 11, 1, '`outcome:` takes no star'],
    ['origin:phone', 7, 5, 'There are web, websocket, api, executor, cli, system.'],
    ['address:10.0.0.0/33', 8, 11, 'is no address'],
    ['address:256.0.0.1', 8, 9, 'is no address'],
    ['session:1', 8, 1, 'is not an id'],
    ['after:tomorrow', 6, 8, 'is no time'],
    ['after:2026-02-30', 6, 10, 'is no time'],
    ['on:7d', 3, 2, 'is no day'],
    ['-after:7d', 0, 1, 'cannot be negated'],
    ['after:7d,8d', 8, 1, 'one time only'],
    ['"no end', 0, 7, 'This quotation has no end'],
    ['a"b"', 1, 1, 'A value ends here'],
    ['-', 1, 1, 'Something to look for is missing'],
    ['""', 0, 2, 'Something to look for is missing'],
    ['!?', 0, 2, 'no letter or digit'],
  ])('%j is told what is wrong at %i', (text, at, length, sentence) => {
    expect(parseAuditQuery(text)).toEqual({
      ok: false,
      mistake: { at, length, message: expect.stringContaining(sentence) },
    });
  });

  it('has its limits at their edges', () => {
    const values = (count: number) => `object:${Array(count).fill('a').join(',')}`;
    const terms = (count: number) => Array(count).fill('a').join(' ');
    const long = (length: number) => 'a'.repeat(length);
    for (const [make, most] of [
      [values, AUDIT_VALUES_MOST],
      [terms, AUDIT_TERMS_MOST],
      [long, AUDIT_QUERY_MOST],
    ] as const)
      expect([parseAuditQuery(make(most)).ok, parseAuditQuery(make(most + 1)).ok]).toEqual([true, false]);
  });
});

describe('the time of a query', () => {
  const range = (text: string) => {
    const { from, until } = rangeOfQuery(read(text), NOON);
    return [from, until].map((at) => (at === undefined ? '' : new Date(at).toISOString()));
  };

  it.each([
    ['actor:ada', '', ''],
    ['after:2026-10-01', '2026-10-01T00:00:00.000Z', ''],
    ['before:2026-10-01T08:30', '', '2026-10-01T08:30:00.000Z'],
    ['after:2026-10-01T10:00+02:00', '2026-10-01T08:00:00.000Z', ''],
    ['on:2026-10-01', '2026-10-01T00:00:00.000Z', '2026-10-02T00:00:00.000Z'],
    ['after:7d', '2026-09-28T12:00:00.000Z', ''],
    ['after:90m before:30m', '2026-10-05T10:30:00.000Z', '2026-10-05T11:30:00.000Z'],
    ['on:today', '2026-10-05T00:00:00.000Z', '2026-10-06T00:00:00.000Z'],
    ['after:yesterday', '2026-10-04T00:00:00.000Z', ''],
    ['after:2026-10-01 after:2026-10-03 before:today', '2026-10-03T00:00:00.000Z', '2026-10-05T00:00:00.000Z'],
  ])('%s', (text, from, until) => {
    expect(range(text)).toEqual([from, until]);
  });
});

/** Numbers that come again for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('any query', () => {
  const pick = <T>(below: (n: number) => number, list: readonly T[]) => list[below(list.length)] as T;
  const TEXTS = ['ada', 'a b', 'a,b', 'a"b', 'a\\b', 'actor:x', '-x', 'f*', 'ü', 'x:', '\\"', '名前', 'a\tb', ' y'];
  const VALUES: Partial<Record<AuditKey, readonly string[]>> = {
    action: ['file.create', 'run.request'],
    type: ['RunRequested', 'FileEdited'],
    outcome: ['ok', 'refused'],
    origin: ['web', 'cli'],
    address: ['10.0.0.1', '::1/128', '::ffff:10.0.0.1'],
    session: [ID],
    file: [ID],
    after: ['7d', '2026-10-01'],
    before: ['today'],
    on: ['2026-10-01'],
  };

  it('that is written is read as the same one', () => {
    const below = numbers(7);
    const keys: AuditKey[] = [...AUDIT_KEYS.map(({ key }) => key), 'text', 'text'];
    for (let n = 0; n < 3_000; n++) {
      const query: AuditTerm[] = Array.from({ length: below(5) }, () => {
        const key = pick(below, keys);
        const texts = VALUES[key] ?? (key === 'text' ? TEXTS.filter((text) => text !== '\\"') : TEXTS);
        const isMoment = key === 'after' || key === 'before' || key === 'on';
        const takesStar = VALUES[key] === undefined;
        const values = Array.from({ length: isMoment ? 1 : 1 + below(3) }, () => ({
          text: pick(below, texts),
          isPrefix: takesStar && below(3) === 0,
        }));
        return { key, isNegated: !isMoment && below(3) === 0, values };
      });
      expect(read(printAuditQuery(query))).toEqual(query);
    }
  });

  it('that is nonsense is read or refused with a place in it, never thrown at', () => {
    const below = numbers(11);
    const PIECES = [...TEXTS, 'actor:', 'after:', 'action:', '"', '*', ',', '-', ' ', '\u0000', '\ud800', '7d', '\\'];
    for (let n = 0; n < 5_000; n++) {
      const text = Array.from({ length: below(8) }, () => pick(below, PIECES)).join('');
      const parsed = parseAuditQuery(text);
      if (parsed.ok) expect(read(printAuditQuery(parsed.query))).toEqual(parsed.query);
      else expect(parsed.mistake.at).toBeLessThanOrEqual(text.length);
    }
  });
});
