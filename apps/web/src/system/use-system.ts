import type { SystemDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api, ApiProblem } from '../api-client.js';

/** Milliseconds between two looks. A hidden page does not look. */
const LOOK_AGAIN = 2_000;

/** Whoever may not see it is told once: every refusal is an event of the log. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 403;
}

/** The state of the system, as of some two seconds ago at most while the page is visible. */
export function useSystem() {
  return useQuery({
    queryKey: ['system'],
    queryFn: () => api.get<SystemDto>('/api/system'),
    refetchInterval: (query) => (isRefusal(query.state.error) ? false : LOOK_AGAIN),
    refetchOnWindowFocus: (query) => !isRefusal(query.state.error),
    refetchOnReconnect: (query) => !isRefusal(query.state.error),
    // The next look is the retry.
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
}
