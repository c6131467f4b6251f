/** Stream `session-<id>`: presence and security. These record what happened; there is nothing to decide. */
export interface SignedIn {
  readonly type: 'SignedIn';
  readonly data: {
    readonly user: string;
    readonly userAgent: string;
    /** Absent: with the password. */
    readonly by?: 'invitation' | 'openid';
  };
}
export interface SignInRefused {
  readonly type: 'SignInRefused';
  readonly data: {
    /** The name that was tried, cut to 80 characters; empty where the event stands for several. The password is never recorded. */
    readonly username: string;
    readonly reason: SignInRefusal;
    /** Attempts that this event stands for; absent: one. Only those during a wait are put together. */
    readonly attempts?: number;
  };
}
/**
 * `too-many-attempts`: during a wait, whatever the password was. `no-account`: somebody whom the OpenID provider knows and
 * this installation does not.
 */
export type SignInRefusal = 'unknown-user' | 'wrong-password' | 'deactivated' | 'too-many-attempts' | 'no-account';
export interface SignedOut {
  readonly type: 'SignedOut';
  readonly data: { readonly user: string };
}
/** Its time was over and it has been removed. It gave no access since `at`, milliseconds since 1970. */
export interface SessionExpired {
  readonly type: 'SessionExpired';
  readonly data: { readonly user: string; readonly at: number };
}
/** Ended before its time: by the person, by an administrator, or because of what happened to the account. */
export interface SessionRevoked {
  readonly type: 'SessionRevoked';
  readonly data: { readonly user: string; readonly because: RevocationReason };
}
export type RevocationReason = 'self' | 'administrator' | 'password-changed' | 'deactivated';
/**
 * A browser has opened a file. Of one session and file only the first of several sockets that overlap, or follow each other
 * within some seconds: a page that reconnects has not gone away.
 */
export interface ConnectionOpened {
  readonly type: 'ConnectionOpened';
  readonly data: {
    readonly connection: string;
    readonly workspace: string;
    readonly file: string;
    /** Of the file at that moment. */
    readonly path: string;
  };
}
/** The last socket of the session on this file is closed. After a kill of the server there is none: see decision 0041. */
export interface ConnectionClosed {
  readonly type: 'ConnectionClosed';
  readonly data: {
    /** The id in its ConnectionOpened. */
    readonly connection: string;
    readonly workspace: string;
    readonly file: string;
    readonly path: string;
    readonly reason: ConnectionEnd;
    /** When the last socket was closed, milliseconds since 1970; the event follows when nobody has come back. */
    readonly at: number;
  };
}
/** `left`: the browser said so. `lost`: it said nothing. `ended`: by the server, as for a right that was taken. */
export type ConnectionEnd = 'left' | 'lost' | 'ended' | 'server-stopped';
export type SessionEvent =
  SignedIn | SignInRefused | SignedOut | SessionExpired | SessionRevoked | ConnectionOpened | ConnectionClosed;
