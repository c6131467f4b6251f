import { useInfiniteQuery } from '@tanstack/react-query';
import { api, type ListPage } from '../api-client.js';

/** A list that is asked for page by page, from this address on. */
export function usePages<Row>(address: string) {
  return useInfiniteQuery({
    queryKey: ['pages', address],
    queryFn: ({ pageParam }): Promise<ListPage<Row>> => api.page<Row>(pageParam),
    initialPageParam: address,
    getNextPageParam: (page) => page.next,
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
  });
}
