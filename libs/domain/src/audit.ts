/** Stream `audit-<yyyy-mm>`: reads worth recording, and refusals, limits that were reached. */
export interface HistoryViewed {
  readonly type: 'HistoryViewed';
  readonly data: { readonly file: string; readonly path: string };
}
/** Somebody looked into a personal workspace that is not theirs; the subject is its owner. */
export interface WorkspaceViewed {
  readonly type: 'WorkspaceViewed';
  readonly data: { readonly workspace: string; readonly name: string };
}
export interface LogQueried {
  readonly type: 'LogQueried';
  readonly data: { readonly query: Readonly<Record<string, string>>; readonly rows: number };
}
export interface AccessRefused {
  readonly type: 'AccessRefused';
  readonly data: { readonly what: string; readonly object: string };
}
/** Which of the limits a person has reached; the names are stored. */
export type LimitKind =
  | 'messages-a-minute'
  | 'open-documents'
  | 'document-size'
  | 'client-ids'
  | 'runs-a-minute'
  | 'file-operations-a-minute'
  | 'sign-ins-a-minute'
  | 'anonymous-requests-a-minute';
/** At most one a minute for a person (or an address) and a kind, after the first one at once. */
export interface LimitReached {
  readonly type: 'LimitReached';
  readonly data: {
    readonly limit: LimitKind;
    /** What was allowed: messages, documents, characters, or client ids. */
    readonly most: number;
    /** For how long the person was asked to wait; 0 where waiting does not help. */
    readonly waitSeconds: number;
    /** Refusals that this event stands for; 1 where it says nothing. */
    readonly refusals?: number;
  };
}
export type AuditEvent = HistoryViewed | WorkspaceViewed | LogQueried | AccessRefused | LimitReached;
