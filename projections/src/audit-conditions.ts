import {
  type AuditQuery,
  type AuditTerm,
  type AuditValue,
  EVENT_TYPES,
  typesOfAction,
  wordsOf,
} from '@palimpsest/domain';

/** Notes a value of a statement and returns its placeholder. */
export type Parameter = (value: unknown) => string;

/** What must hold of `audit_entry e`. */
export interface AuditCondition {
  /** Joined by "and"; empty: everything. */
  readonly parts: readonly string[];
  readonly values: readonly unknown[];
  /** Nothing can match: a person or a course that there is not. */
  readonly isNever: boolean;
  /** One index has exactly these rows, in the order of the log. */
  readonly isOneKey: boolean;
  /** Words are among several conditions: their index is asked, of which no part can be entered, so each slice costs it the same. */
  readonly hasWords: boolean;
}

/** A combination that occurs in the log. */
export interface EntryKind {
  readonly type: string;
  readonly outcome: string;
  readonly via: string;
  readonly actorRole: string;
}

/** Who and what the names in a query are. */
export interface NamesOfQuery {
  people(values: readonly AuditValue[]): readonly string[];
  courses(values: readonly AuditValue[]): readonly string[];
}

const COLUMN_OF_KEY: Readonly<Record<'session' | 'file', string>> = { session: 'session_id', file: 'file_id' };

/** The terms of a query but those of time, as SQL. */
export function conditionOf(query: AuditQuery, names: NamesOfQuery, kinds: readonly EntryKind[]): AuditCondition {
  const values: unknown[] = [];
  const parameter: Parameter = (value) => `$${values.push(value)}`;
  const parts: string[] = [];
  let isNever = !kinds.some((kind) => query.every((term) => canBe(kind, term, names)));
  let isOneKey = true;
  for (const term of query) {
    const part = partOf(term, names, parameter);
    if (part === undefined) continue;
    isNever ||= part === NEVER && !term.isNegated;
    isOneKey &&= /^e\.\w+ = \$\d+(::uuid)?$/.test(part) && !term.isNegated;
    // What is null is not the value that is asked for.
    parts.push(term.isNegated ? `(${part}) is not true` : part);
  }
  const hasWords = parts.length > 1 && parts.some((part) => part.includes('e.words'));
  return { parts, values, isNever, isOneKey: isOneKey && parts.length === 1, hasWords };
}

/** Whether an entry of this kind may be what a term asks for. Programs never finish by a person's hand, for one. */
function canBe({ type, outcome, via, actorRole }: EntryKind, term: AuditTerm, names: NamesOfQuery): boolean {
  const fits = (value: string, list: readonly string[]) => list.includes(value) !== term.isNegated;
  const texts = term.values.map(({ text }) => text);
  switch (term.key) {
    case 'action':
    case 'type':
      return fits(type, typesOf(term));
    case 'outcome':
      return fits(outcome, texts);
    case 'origin':
      return fits(via, texts);
    case 'actor':
      return term.isNegated || names.people(term.values).some((id) => isUuid(id) === (actorRole !== 'system'));
    default:
      return true;
  }
}

/** The types that a term of actions or types stands for. */
export function typesOf({ key, values }: Pick<AuditTerm, 'key' | 'values'>): string[] {
  return values.flatMap((value) => (key === 'action' ? typesOfAction(value.text, value.isPrefix) : typesLike(value)));
}

const NEVER = 'false';

function partOf({ key, values }: AuditTerm, names: NamesOfQuery, parameter: Parameter): string | undefined {
  const texts = values.map(({ text }) => text);
  switch (key) {
    case 'actor':
      return among('e.actor_id', names.people(values), parameter);
    case 'affected':
      return among('e.subject_id', names.people(values).filter(isUuid), parameter, 'uuid');
    case 'course':
      return among('e.course_id', names.courses(values), parameter, 'uuid');
    case 'action':
    case 'type':
      return among('e.type', typesOf({ key, values }), parameter);
    case 'outcome':
      return among('e.outcome', texts, parameter);
    case 'origin':
      return among('e.via', texts, parameter);
    case 'session':
    case 'file':
      return among(`e.${COLUMN_OF_KEY[key]}`, texts, parameter, 'uuid');
    case 'address':
      return anyOf(texts.map((text) => `e.address <<= ${parameter(text)}::inet`));
    case 'object':
      return anyOf(values.map((value) => objectLike(value, parameter)));
    case 'text':
      return anyOf(values.map((value) => `e.words @@ ${parameter(wordsQuery(value, ''))}::tsquery`));
    case 'after':
    case 'before':
    case 'on':
      return undefined;
  }
}

/** `system` and `anonymous` act, and are nobody's account. */
function isUuid(id: string): boolean {
  return id.includes('-');
}

function typesLike({ text, isPrefix }: AuditValue): string[] {
  return isPrefix ? EVENT_TYPES.filter((type) => type.startsWith(text)) : [text];
}

/** One value is compared by itself, so that an index in the order of the log gives that order. */
function among(column: string, list: readonly string[], parameter: Parameter, type = 'text'): string {
  const values = [...new Set(list)];
  const cast = type === 'text' ? '' : `::${type}`;
  if (values.length === 0) return NEVER;
  if (values.length === 1) return `${column} = ${parameter(values[0])}${cast}`;
  return `${column} = any (${parameter(values)}::${type}[])`;
}

function anyOf(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? NEVER) : `(${parts.join(' or ')})`;
}

/** The words find the rows by the index; the whole of the name is compared besides, whatever the case. */
function objectLike(value: AuditValue, parameter: Parameter): string {
  const name = parameter(value.text);
  const whole = value.isPrefix ? `starts_with(lower(e.object), lower(${name}))` : `lower(e.object) = lower(${name})`;
  const words = wordsQuery(value, 'A');
  return words === '' ? whole : `(e.words @@ ${parameter(words)}::tsquery and ${whole})`;
}

/** All the words of a text; with a star the last one is the beginning of a word. Words have no sign that a tsquery knows. */
function wordsQuery({ text, isPrefix }: AuditValue, weight: string): string {
  const words = wordsOf(text);
  const endsInWord = /[\p{L}\p{M}\p{N}]$/u.test(text);
  return words
    .map((word, n) => {
      const marks = `${isPrefix && endsInWord && n === words.length - 1 ? '*' : ''}${weight}`;
      return marks === '' ? word : `${word}:${marks}`;
    })
    .join(' & ');
}
