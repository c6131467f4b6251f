/** What the log is filtered by. The address of the page carries it, so that a query can be kept and passed on. */
export interface AuditFilter {
  readonly actor: string;
  readonly type: string;
  /** ISO 8601, or empty. */
  readonly from: string;
  readonly until: string;
}

export const NO_FILTER: AuditFilter = { actor: '', type: '', from: '', until: '' };

const NAMES = ['actor', 'type', 'from', 'until'] as const;

export function parseFilter(query: string): AuditFilter {
  const parameters = new URLSearchParams(query);
  const value = (name: (typeof NAMES)[number]) => parameters.get(name) ?? '';
  return { actor: value('actor'), type: value('type'), from: value('from'), until: value('until') };
}

/** `?actor=ada&type=RunRequested`, without what is not filtered by; empty for no filter. `more` for the server alone. */
export function formatFilter(filter: AuditFilter, more: Readonly<Record<string, string>> = {}): string {
  const parameters = new URLSearchParams();
  for (const name of NAMES) if (filter[name] !== '') parameters.set(name, filter[name]);
  for (const [name, value] of Object.entries(more)) parameters.set(name, value);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** A moment as a field of type `datetime-local` wants it: in the reader's time zone, to the minute. */
export function toField(iso: string): string {
  const date = new Date(iso);
  if (iso === '' || Number.isNaN(date.getTime())) return '';
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function fromField(field: string): string {
  const date = new Date(field);
  return field === '' || Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
