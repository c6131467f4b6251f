/** Stream `audit-<yyyy-mm>`: reads worth recording, and refusals. */
export interface HistoryViewed {
  readonly type: 'HistoryViewed';
  readonly data: { readonly file: string; readonly path: string };
}
export interface LogQueried {
  readonly type: 'LogQueried';
  readonly data: { readonly query: Readonly<Record<string, string>>; readonly rows: number };
}
export interface AccessRefused {
  readonly type: 'AccessRefused';
  readonly data: { readonly what: string; readonly object: string };
}
export type AuditEvent = HistoryViewed | LogQueried | AccessRefused;
