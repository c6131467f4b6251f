/**
 * The query language of the audit log: `actor:ada action:file.* outcome:refused after:2026-10-01 -origin:system "main.py"`.
 *
 *     query  = [ term ] *( space term )
 *     term   = [ "-" ] [ key ":" ] value *( "," value )      all terms must hold; of several values one
 *     value  = word [ "*" ] / quoted [ "*" ]                  with a star: whatever begins so
 *     quoted = DQUOTE *( any / "\" DQUOTE / "\\" ) DQUOTE
 *
 * A term without a key is free text. The page and the server read it with this one parser, so that what the page shows as
 * chips is what the server asks for. Pure; nothing here knows who or what there is.
 */
import { AUDIT_ACTIONS, AUDIT_OUTCOMES, typesOfAction } from './audit-actions.js';
import { isAddressRange } from './audit-address.js';
import { momentOf } from './audit-moments.js';
import { isId } from './identifiers.js';
import { ORIGINS } from './metadata.js';
import { nearest } from './nearest.js';
import { EVENT_TYPES } from './upcasters.js';
import { wordsOf } from './words.js';

/** `text` is what stands without a key. */
export type AuditKey =
  | 'actor'
  | 'affected'
  | 'action'
  | 'type'
  | 'object'
  | 'outcome'
  | 'origin'
  | 'address'
  | 'session'
  | 'course'
  | 'file'
  | 'after'
  | 'before'
  | 'on'
  | 'text';

export interface AuditValue {
  readonly text: string;
  /** A star stood at the end. */
  readonly isPrefix: boolean;
}

/** One of its values must hold, or none where it is negated. */
export interface AuditTerm {
  readonly key: AuditKey;
  readonly isNegated: boolean;
  readonly values: readonly AuditValue[];
}

/** All of its terms must hold. */
export type AuditQuery = readonly AuditTerm[];

/** What is wrong with a query, in a sentence that says what is allowed, and where: characters from the beginning. */
export interface QueryMistake {
  readonly at: number;
  readonly length: number;
  readonly message: string;
}

export type ParsedQuery =
  { readonly ok: true; readonly query: AuditQuery } | { readonly ok: false; readonly mistake: QueryMistake };

/** Characters of a query. */
export const AUDIT_QUERY_MOST = 2_000;
/** Terms, and values of one term. */
export const AUDIT_TERMS_MOST = 30;
export const AUDIT_VALUES_MOST = 50;

interface KeyRule {
  /** What may stand behind the key, for people. */
  readonly says: string;
  readonly takesStar: boolean;
  /** One moment, which cannot be negated. */
  readonly isMoment?: boolean;
  /** A sentence of what is wrong with a value. */
  check(value: AuditValue): string | undefined;
}

const anything = () => undefined;

function oneOf(what: string, known: readonly string[]): KeyRule['check'] {
  return ({ text, isPrefix }) => {
    if (isPrefix ? known.some((one) => one.startsWith(text)) : known.includes(text)) return undefined;
    const near = isPrefix ? undefined : nearest(text, known);
    const hint = near === undefined ? (known.length <= 8 ? ` There are ${known.join(', ')}.` : '') : didYouMean(near);
    return `There is no ${what} \`${text}${isPrefix ? '*' : ''}\`.${hint}`;
  };
}

const didYouMean = (near: string) => ` Did you mean \`${near}\`?`;

const id: KeyRule['check'] = ({ text }) =>
  isId(text) ? undefined : `\`${text}\` is not an id: it looks like 3f2504e0-4f89-41d3-9a0c-0305e82c3301.`;

const moment: KeyRule['check'] = ({ text }) =>
  momentOf(text, 0)
    ? undefined
    : `\`${text}\` is no time: write a day (2026-10-01), a moment (2026-10-01T08:30, UTC), \`today\`, \`yesterday\`, or how long ago (\`7d\`, \`12h\`, \`30m\`).`;

const day: KeyRule['check'] = ({ text }) =>
  momentOf(text, 0)?.isDay ? undefined : `\`${text}\` is no day: write 2026-10-01, \`today\` or \`yesterday\` (UTC).`;

const rule = (says: string, check: KeyRule['check'], takesStar = false): KeyRule => ({ says, check, takesStar });

const RULES: Readonly<Record<AuditKey, KeyRule>> = {
  actor: rule('who did it: a user name, an id, `system` or `anonymous`', anything, true),
  affected: rule('whose account or work it was: a user name or an id', anything, true),
  action: rule(
    'what was done, such as `run.request` or `file.*`',
    ({ text, isPrefix }) =>
      isPrefix && typesOfAction(text, true).length > 0 ? undefined : oneOf('action', AUDIT_ACTIONS)({ text, isPrefix }),
    true,
  ),
  type: rule('the type of the event, such as `RunRequested`', oneOf('type of event', EVENT_TYPES), true),
  object: rule('the name of what it was done to, such as `main.py`', anything, true),
  outcome: rule(`one of ${AUDIT_OUTCOMES.join(', ')}`, oneOf('outcome', AUDIT_OUTCOMES)),
  origin: rule(`the way it came: ${ORIGINS.join(', ')}`, oneOf('origin', ORIGINS)),
  address: rule('an address, or a range such as `10.0.0.0/8`', ({ text }) =>
    isAddressRange(text) ? undefined : `\`${text}\` is no address: write 10.0.0.9, 10.0.0.0/8 or 2001:db8::/32.`,
  ),
  session: rule('the id of a session', id),
  course: rule('a course: its title or its id', anything, true),
  file: rule('the id of a file', id),
  after: { ...rule('not before this moment (UTC): 2026-10-01, 7d, today', moment), isMoment: true },
  before: { ...rule('before this moment (UTC): 2026-10-01T08:30', moment), isMoment: true },
  on: { ...rule('on this day (UTC): 2026-10-01, today, yesterday', day), isMoment: true },
  text: rule(
    'words of the object or of what happened',
    ({ text }) => (wordsOf(text).length > 0 ? undefined : `There is no letter or digit in \`${text}\` to look for.`),
    true,
  ),
};

/** Every key with what may stand behind it, for a page of help. */
export const AUDIT_KEYS: readonly { readonly key: AuditKey; readonly says: string }[] = (
  Object.keys(RULES) as AuditKey[]
)
  .filter((key) => key !== 'text')
  .map((key) => ({ key, says: RULES[key].says }));

class Mistake extends Error {
  constructor(
    readonly at: number,
    readonly length: number,
    message: string,
  ) {
    super(message);
  }
}

/** Reads a query. Never throws, whatever the text. */
export function parseAuditQuery(text: string): ParsedQuery {
  try {
    if (text.length > AUDIT_QUERY_MOST)
      throw new Mistake(AUDIT_QUERY_MOST, 1, `A query has at most ${AUDIT_QUERY_MOST} characters.`);
    return { ok: true, query: new Reader(text).terms() };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const { at, length, message } = error;
    return { ok: false, mistake: { at, length, message } };
  }
}

const SPACE = /\s/;
const KEY = /^([A-Za-z][A-Za-z-]*):/;

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  terms(): AuditTerm[] {
    const terms: AuditTerm[] = [];
    for (this.#space(); this.#at < this.text.length; this.#space()) {
      if (terms.length === AUDIT_TERMS_MOST) throw this.#mistake(`A query has at most ${AUDIT_TERMS_MOST} terms.`);
      terms.push(this.#term());
    }
    return terms;
  }

  #term(): AuditTerm {
    const from = this.#at;
    const isNegated = this.#take('-');
    const key = this.#key();
    if (isNegated && RULES[key].isMoment)
      throw new Mistake(
        from,
        1,
        `\`${key}:\` cannot be negated: \`after:\` and \`before:\` are each other's opposite.`,
      );
    const values = [this.#value(key)];
    while (this.#take(',')) {
      if (RULES[key].isMoment) throw new Mistake(this.#at - 1, 1, `\`${key}:\` takes one time only.`);
      if (values.length === AUDIT_VALUES_MOST) throw this.#mistake(`A term has at most ${AUDIT_VALUES_MOST} values.`);
      values.push(this.#value(key));
    }
    return { key, isNegated, values };
  }

  #key(): AuditKey {
    const word = KEY.exec(this.text.slice(this.#at))?.[1];
    if (word === undefined) return 'text';
    const key = AUDIT_KEYS.find((known) => known.key === word.toLowerCase())?.key;
    if (key === undefined) throw new Mistake(this.#at, word.length + 1, noKey(word));
    this.#at += word.length + 1;
    return key;
  }

  #value(key: AuditKey): AuditValue {
    const from = this.#at;
    const text = this.text[from] === '"' ? this.#quoted() : this.#word();
    const isPrefix = this.#take('*');
    if (text === '') throw new Mistake(from, Math.max(1, this.#at - from), nothing(key, isPrefix));
    const next = this.text[this.#at];
    if (next !== undefined && next !== ',' && !SPACE.test(next))
      throw this.#mistake('A value ends here: a star stands only at its end, and quotes around all of it.');
    if (isPrefix && !RULES[key].takesStar)
      throw new Mistake(this.#at - 1, 1, `\`${key}:\` takes no star; it takes ${RULES[key].says}.`);
    const problem = RULES[key].check({ text, isPrefix });
    if (problem !== undefined) throw new Mistake(from, this.#at - from, problem);
    return { text, isPrefix };
  }

  #word(): string {
    const from = this.#at;
    while (this.#at < this.text.length && !/[\s,"*]/.test(this.text[this.#at] ?? '')) this.#at++;
    return this.text.slice(from, this.#at);
  }

  #quoted(): string {
    const from = this.#at++;
    let text = '';
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at];
      if (char === '"') return (this.#at++, text);
      text += char === '\\' ? (this.text[++this.#at] ?? '') : char;
    }
    throw new Mistake(from, this.text.length - from, 'This quotation has no end: put a `"` behind it.');
  }

  #take(char: string): boolean {
    if (this.text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (SPACE.test(this.text[this.#at] ?? '')) this.#at++;
  }

  #mistake(message: string): Mistake {
    return new Mistake(this.#at, 1, message);
  }
}

function nothing(key: AuditKey, isPrefix: boolean): string {
  if (isPrefix) return 'A star stands behind the beginning of something, such as `file.*`.';
  return key === 'text' ? 'Something to look for is missing here.' : `Behind \`${key}:\` stands ${RULES[key].says}.`;
}

function noKey(word: string): string {
  const near = nearest(
    word.toLowerCase(),
    AUDIT_KEYS.map(({ key }) => key),
  );
  const hint = near === undefined ? ' Text with a colon stands in quotes.' : ` Did you mean \`${near}:\`?`;
  return `There is no key \`${word}:\`.${hint} The keys are ${AUDIT_KEYS.map(({ key }) => key).join(', ')}.`;
}

/** The query as text, which reads as the same query. */
export function printAuditQuery(query: AuditQuery): string {
  return query.map(printAuditTerm).join(' ');
}

export function printAuditTerm({ key, isNegated, values }: AuditTerm): string {
  return `${isNegated ? '-' : ''}${key === 'text' ? '' : `${key}:`}${values.map((value) => printValue(value, key)).join(',')}`;
}

function printValue({ text, isPrefix }: AuditValue, key: AuditKey): string {
  const isPlain = !/[\s,"*\\]/.test(text) && !(key === 'text' && (KEY.test(text) || text.startsWith('-')));
  const shown = isPlain ? text : `"${text.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
  return isPrefix ? `${shown}*` : shown;
}

/** From when on and until when, milliseconds since 1970: what the terms of time allow together. `now`: as of which relative ones count. */
export interface AuditRange {
  readonly from: number | undefined;
  readonly until: number | undefined;
}

export function rangeOfQuery(query: AuditQuery, now: number): AuditRange {
  let from: number | undefined;
  let until: number | undefined;
  for (const { key, values } of query) {
    const found = RULES[key].isMoment ? momentOf(values[0]?.text ?? '', now) : undefined;
    if (found === undefined) continue;
    if (key !== 'before') from = Math.max(from ?? -Infinity, found.at);
    if (key === 'before') until = Math.min(until ?? Infinity, found.at);
    if (key === 'on') until = Math.min(until ?? Infinity, found.at + DAY_MS);
  }
  return { from, until };
}

const DAY_MS = 86_400_000;
