import { CLOSE } from '@palimpsest/protocol/wire';

/** Why the server has ended the page's look at a run for good. */
export interface RunClosing {
  /** For a person: what happened and what to do. */
  readonly sentence: string;
  /** Whether looking again, because the person wants to, may be answered in another way. */
  readonly mayOpenAgain: boolean;
}

/** What a close code of `/runs/:run` means. Null: nothing for good, the page comes back by itself. */
export function closingOf(code: number, reason: string): RunClosing | null {
  switch (code) {
    case CLOSE.unauthenticated:
      // The page comes back when the person has signed in.
      return { sentence: reason || 'Your session has ended: sign in again.', mayOpenAgain: false };
    case CLOSE.forbidden:
      return { sentence: reason || 'You may not see this run any more.', mayOpenAgain: true };
    case CLOSE.notFound:
      return { sentence: reason || 'This run is not there, or it is not yours to see.', mayOpenAgain: false };
    case CLOSE.badMessage:
      // The reason is for programmers.
      return { sentence: 'The server did not understand this page: load it again.', mayOpenAgain: true };
    default:
      if (code < 4400 || code > 4499) return null;
      return { sentence: reason || 'The server does not show this run any more.', mayOpenAgain: true };
  }
}
