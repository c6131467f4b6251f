import { Alert, Button, Group, Text, Title } from '@mantine/core';
import type { AuditPageDto } from '@palimpsest/protocol/wire';
import { useInfiniteQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { navigate } from '../navigation.js';
import { Patience } from '../patience.js';
import { AuditFilters } from './audit-filters.js';
import { type AuditFilter, formatFilter, NO_FILTER, parseFilter } from './audit-query.js';
import { AuditTable } from './audit-table.js';
import './audit.css';

/** The log of everything that happened. The address holds the query; every query is itself in the log. */
export default function AuditPage({ query }: { readonly query: string }) {
  const filter = parseFilter(query);
  const log = useAuditLog(filter);
  const pages = log.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  const show = (changed: AuditFilter) => navigate(`/audit${formatFilter(changed)}`);
  return (
    <div className="audit-page">
      <Title order={1} size="h3">
        What happened
      </Title>
      <AuditFilters filter={filter} page={pages[0]} onChange={show} />
      {log.error && (
        <Alert color="red" role="alert" data-testid="audit-problem">
          The log cannot be shown. {sentenceOf(log.error)}
        </Alert>
      )}
      {log.isPending && <Patience what="Reading the log" still="There is much to look through." />}
      {log.data && entries.length === 0 && (
        <Text c="dimmed" data-testid="audit-empty">
          Nothing in the log matches.
          {formatFilter(filter) !== '' && (
            <Button variant="subtle" size="compact-sm" ml="sm" onClick={() => show(NO_FILTER)}>
              Show everything
            </Button>
          )}
        </Text>
      )}
      {entries.length > 0 && <AuditTable entries={entries} />}
      {entries.length > 0 && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status" data-testid="audit-count">
            {entries.length} {entries.length === 1 ? 'event' : 'events'}, newest first
          </Text>
          <Group gap="xs">
            <Button
              variant="default"
              loading={log.isRefetching}
              onClick={() => void log.refetch()}
              data-testid="audit-refresh"
            >
              Read again
            </Button>
            {log.hasNextPage ? (
              <Button
                variant="default"
                loading={log.isFetchingNextPage}
                onClick={() => void log.fetchNextPage()}
                data-testid="audit-older"
              >
                Older
              </Button>
            ) : (
              <Text size="sm" c="dimmed" data-testid="audit-end">
                That is the beginning.
              </Text>
            )}
          </Group>
        </Group>
      )}
    </div>
  );
}

function useAuditLog(filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) =>
      api.get<AuditPageDto>(
        `/api/audit/events${formatFilter(filter, pageParam === null ? {} : { before: pageParam })}`,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // A query is an event of the log: none happens that nobody asked for.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Infinity,
    gcTime: 0,
  });
}
