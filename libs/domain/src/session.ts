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
export type SessionEvent = SignedIn | SignInRefused | SignedOut | SessionExpired | SessionRevoked;
