/** Stream `session-<id>`: presence and security. These record what happened; there is nothing to decide. */
export interface SignedIn {
  readonly type: 'SignedIn';
  readonly data: { readonly user: string; readonly userAgent: string };
}
export interface SignInRefused {
  readonly type: 'SignInRefused';
  /** The name that was tried, cut to 80 characters. The password is never recorded. */
  readonly data: { readonly username: string; readonly reason: 'unknown-user' | 'wrong-password' | 'deactivated' };
}
export interface SignedOut {
  readonly type: 'SignedOut';
  readonly data: { readonly user: string };
}
/** Its time was over and it has been removed. It gave no access since `at`, milliseconds since 1970. */
export interface SessionExpired {
  readonly type: 'SessionExpired';
  readonly data: { readonly user: string; readonly at: number };
}
export type SessionEvent = SignedIn | SignInRefused | SignedOut | SessionExpired;
