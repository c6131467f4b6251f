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
/** Somebody looked at the figures of one person in a course; the subject is that person. */
export interface MetricsViewed {
  readonly type: 'MetricsViewed';
  readonly data: { readonly course: string; readonly person: string };
}
/** Somebody looked at what another person has done, over their workspaces; the subject is that person. */
export interface ActivityViewed {
  readonly type: 'ActivityViewed';
  readonly data: { readonly person: string; readonly name: string };
}
export interface LogQueried {
  readonly type: 'LogQueried';
  readonly data: { readonly query: Readonly<Record<string, string>>; readonly rows: number };
}
/** At most one a minute for a session (or a person) and what was wanted, after the first one at once. */
export interface AccessRefused {
  readonly type: 'AccessRefused';
  readonly data: {
    readonly what: string;
    readonly object: string;
    /** Refusals that this event stands for; 1 where it says nothing. */
    readonly refusals?: number;
  };
}
/** What an export holds; the names are stored. */
export type ExportFormat = 'csv' | 'jsonl' | 'progsnap2' | 'git' | 'zip';
/** Recorded before the first byte of an export leaves: what was asked for, not whether it arrived. */
export interface ExportStarted {
  readonly type: 'ExportStarted';
  readonly data: {
    readonly export: string;
    readonly format: ExportFormat;
    /** What it is an export of: `audit log`, a course, a workspace, a person. */
    readonly object: string;
    /** The filter, as it was asked for. */
    readonly query: Readonly<Record<string, string>>;
  };
}
/** The last byte of the export has left. An export without it was cut off. */
export interface ExportFinished {
  readonly type: 'ExportFinished';
  readonly data: {
    /** The id in its ExportStarted. */
    readonly export: string;
    /** Rows, events or commits: what the format counts. */
    readonly rows: number;
    /** Of what left, before any compression on the way. */
    readonly bytes: number;
    /** SHA-256 of the same, 64 hexadecimal digits in lower case. */
    readonly sha256: string;
  };
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
export type AuditEvent =
  | HistoryViewed
  | WorkspaceViewed
  | MetricsViewed
  | ActivityViewed
  | LogQueried
  | ExportStarted
  | ExportFinished
  | AccessRefused
  | LimitReached;
