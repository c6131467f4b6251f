import type {
  AcceptInvitationDto,
  ChangePasswordDto,
  SignedInDto,
  SignInDto,
  SignInWaysDto,
  UserDto,
} from '@palimpsest/protocol/wire';
import { QueryCache, QueryClient, MutationCache, useQuery } from '@tanstack/react-query';
import { api, ApiProblem } from './api-client.js';
import { Signal } from './signal.js';

const ME = ['me'] as const;

/**
 * True while the server no longer knows the session of a page that is open. The page then asks for the password over the
 * work instead of replacing it: it is still there, with its undo.
 */
export const sessionExpired = new Signal(false);

/** Counts sign-ins of this page; sockets that were closed for want of a session come back when it grows. */
export const signInCount = new Signal(0);

function noticeExpiry(error: unknown): void {
  if (error instanceof ApiProblem && error.status === 401 && queries.getQueryData(ME)) sessionExpired.set(true);
}

/** Refusals are answers: asking again gives the same. Only silence and the server's own faults are worth another try. */
function worthRetrying(failures: number, error: Error): boolean {
  return failures < 2 && (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 500);
}

export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: noticeExpiry }),
  mutationCache: new MutationCache({ onError: noticeExpiry }),
  defaultOptions: { queries: { retry: worthRetrying, staleTime: 5_000 } },
});

async function readMe(): Promise<UserDto | null> {
  try {
    return await api.get<UserDto>('/api/auth/me');
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

/** The person who is signed in; null when nobody is. */
export function useMe() {
  return useQuery({ queryKey: ME, queryFn: readMe, staleTime: Infinity });
}

/** Throws ApiProblem. Another person than before gets a fresh page: nothing of the first may be left in its memory. */
export async function signIn(credentials: SignInDto): Promise<void> {
  const before = queries.getQueryData<UserDto | null>(ME);
  const { user } = await api.post<SignedInDto>('/api/auth/sign-in', credentials);
  if (before && before.id !== user.id) return location.assign('/');
  sessionExpired.set(false);
  queries.setQueryData(ME, user);
  signInCount.set(signInCount.value + 1);
}

/** Makes the account that an invitation is for, and begins with a fresh page that knows who is signed in. Throws ApiProblem. */
export async function acceptInvitation(account: AcceptInvitationDto): Promise<void> {
  await api.post('/api/invitations/accept', account);
  location.assign('/');
}

/** Comes into the course of an invitation with one's own account. Throws ApiProblem. */
export async function joinByInvitation(token: string): Promise<void> {
  await api.post('/api/invitations/join', { token });
  location.assign('/');
}

/** Throws ApiProblem. */
export async function changePassword(passwords: ChangePasswordDto): Promise<void> {
  await api.put('/api/auth/password', passwords);
  queries.setQueryData(ME, await readMe());
}

/** How people can sign in beside name and password. */
export function useSignInWays() {
  return useQuery({
    queryKey: ['ways'],
    queryFn: () => api.get<SignInWaysDto>('/api/auth/ways'),
    staleTime: Infinity,
  });
}

/** Ends the session and leaves a page that remembers nothing. Throws ApiProblem. */
export async function signOut(): Promise<void> {
  await api.post('/api/auth/sign-out');
  location.assign('/');
}
