/** For what stands still while it is looked at, and of which each reading is recorded: none happens unasked. */
export const ONLY_WHEN_ASKED = {
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  staleTime: Infinity,
  gcTime: 0,
} as const;
