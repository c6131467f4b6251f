import {
  type AuditKey,
  type AuditQuery,
  type AuditTerm,
  parseAuditQuery,
  printAuditQuery,
  rangeOfQuery,
} from '@palimpsest/domain';
import { localField, momentOf } from '../local-moment.js';

/** The query that the address of the page holds, as it was written; empty for everything. */
export function queryInAddress(search: string): string {
  return new URLSearchParams(search).get('q') ?? '';
}

/** The address of the page with a query, so that it can be kept and passed on. */
export function addressOfQuery(query: string): string {
  return query.trim() === '' ? '/audit' : `/audit?${new URLSearchParams({ q: query.trim() }).toString()}`;
}

/** Address of the server for a query; what is empty is left out. */
export function auditApi(
  path: 'events' | 'histogram' | 'export',
  q: string,
  more: Record<string, string> = {},
): string {
  const parameters = new URLSearchParams({ ...(q !== '' && { q }), ...more }).toString();
  return `/api/audit/${path}${parameters === '' ? '' : `?${parameters}`}`;
}

/** The terms of a query as they are; none of one that cannot be read. */
export function termsOf(query: string): AuditQuery {
  const parsed = parseAuditQuery(query);
  return parsed.ok ? parsed.query : [];
}

export function withoutTerm(query: AuditQuery, index: number): string {
  return printAuditQuery(query.filter((_, n) => n !== index));
}

/** The one value that a key has, for a field that chooses it; empty for none, several, or what must not be. */
export function chosen(query: AuditQuery, key: AuditKey): string {
  const terms = query.filter((term) => term.key === key);
  const [value, ...more] = terms[0]?.values ?? [];
  if (terms.length !== 1 || terms[0]?.isNegated || value === undefined || more.length > 0) return '';
  return value.isPrefix ? `${value.text}*` : value.text;
}

/** The query with this value for a key in the place of those that it had; without any for an empty one. */
export function choosing(query: AuditQuery, key: AuditKey, value: string): string {
  const others = query.filter((term) => term.key !== key);
  if (value === '') return printAuditQuery(others);
  const isPrefix = value.endsWith('*');
  const term: AuditTerm = {
    key,
    isNegated: false,
    values: [{ text: isPrefix ? value.slice(0, -1) : value, isPrefix }],
  };
  return printAuditQuery([...others, term]);
}

/** A moment as a field of type `datetime-local` wants it: in the reader's time zone, to the minute. */
export function toField(query: AuditQuery, key: 'after' | 'before'): string {
  const { from, until } = rangeOfQuery(
    query.filter((term) => term.key === key),
    Date.now(),
  );
  const at = key === 'after' ? from : until;
  return at === undefined ? '' : localField(new Date(at).toISOString());
}

/** What such a field says, as a query has it: in UTC, to the minute. */
export function fromField(field: string): string {
  const moment = momentOf(field);
  return moment === '' ? '' : `${moment.slice(0, 16)}Z`;
}
