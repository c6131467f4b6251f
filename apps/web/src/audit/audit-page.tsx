import { Alert, Button, Group, Text, Title } from '@mantine/core';
import { parseAuditQuery } from '@palimpsest/domain';
import type { AuditHistogramDto, AuditPageDto } from '@palimpsest/protocol/wire';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { dayAndTime } from '../clock-time.js';
import { navigate } from '../navigation.js';
import { ONLY_WHEN_ASKED } from '../only-when-asked.js';
import { Patience } from '../patience.js';
import { AuditFilters } from './audit-filters.js';
import { AuditHistogram } from './audit-histogram.js';
import { addressOfQuery, auditApi, queryInAddress } from './audit-query.js';
import { AuditQueryBar } from './audit-query-bar.js';
import { AuditTable } from './audit-table.js';
import './audit.css';

/** The log of everything that happened. The address holds the query; every query is itself in the log. */
export default function AuditPage({ query: search }: { readonly query: string }) {
  const q = queryInAddress(search);
  const isReadable = parseAuditQuery(q).ok;
  const log = useAuditLog(q, isReadable);
  const histogram = useHistogram(q, log.isSuccess);
  const pages = log.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  const show = (query: string) => navigate(addressOfQuery(query));
  return (
    <div className="audit-page">
      <Group justify="space-between">
        <Title order={1} size="h3">
          What happened
        </Title>
        {isReadable && <Exports q={q} />}
      </Group>
      <AuditQueryBar query={q} onChange={show} />
      <AuditFilters query={q} page={pages[0]} onChange={show} />
      {log.error && (
        <Alert color="red" role="alert" data-testid="audit-problem">
          The log cannot be shown. {sentenceOf(log.error)}
        </Alert>
      )}
      {isReadable && log.isPending && <Patience what="Reading the log" still="There is much to look through." />}
      {histogram.data && <AuditHistogram histogram={histogram.data} />}
      {log.data && entries.length === 0 && (
        <Text c="dimmed" data-testid="audit-empty">
          {log.hasNextPage ? 'Nothing yet.' : 'Nothing in the log matches.'}
        </Text>
      )}
      {entries.length > 0 && <AuditTable entries={entries} />}
      {log.data && <Foot log={log} shown={entries.length} until={pages.at(-1)?.searchedUntil ?? null} />}
    </div>
  );
}

/** Exactly the rows of the query, all of them. */
function Exports({ q }: { readonly q: string }) {
  return (
    <Group gap="xs" role="group" aria-label="Export all rows of this query">
      {(['csv', 'jsonl'] as const).map((format) => (
        <Button
          key={format}
          component="a"
          href={auditApi('export', q, { format })}
          download
          variant="default"
          size="compact-sm"
          data-testid={`audit-export-${format}`}
        >
          Export as {format === 'csv' ? 'CSV' : 'JSON lines'}
        </Button>
      ))}
    </Group>
  );
}

interface FootProps {
  readonly log: ReturnType<typeof useAuditLog>;
  readonly shown: number;
  /** How far the last page has looked, where its time was over. */
  readonly until: string | null;
}

function Foot({ log, shown, until }: FootProps) {
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed" role="status" data-testid="audit-count">
        {shown} {shown === 1 ? 'entry' : 'entries'}, newest first
        {until !== null && `; looked through until ${dayAndTime(Date.parse(until))}`}
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
            {until === null ? 'Older' : 'Look further'}
          </Button>
        ) : (
          <Text size="sm" c="dimmed" data-testid="audit-end">
            That is the beginning.
          </Text>
        )}
      </Group>
    </Group>
  );
}

function useAuditLog(q: string, enabled: boolean) {
  return useInfiniteQuery({
    ...ONLY_WHEN_ASKED,
    queryKey: ['audit', q],
    queryFn: ({ pageParam }) =>
      api.get<AuditPageDto>(auditApi('events', q, pageParam === null ? {} : { before: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled,
  });
}

/** After the first page: the count belongs to the question that the page was, which is in the log then. */
function useHistogram(q: string, enabled: boolean) {
  return useQuery({
    ...ONLY_WHEN_ASKED,
    queryKey: ['audit-histogram', q],
    queryFn: () => api.get<AuditHistogramDto>(auditApi('histogram', q)),
    enabled,
  });
}
