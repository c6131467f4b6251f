import { Alert, Button, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';
import { usePages } from './use-pages.js';

interface Props<Row> {
  readonly address: string;
  /** What one row is. */
  readonly what: string;
  readonly children: (rows: readonly Row[]) => ReactNode;
}

/** A list that grows: its rows, how many there are so far, and the next page on request. */
export function PagedList<Row>({ address, what, children }: Props<Row>) {
  const list = usePages<Row>(address);
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  if (list.error)
    return (
      <Alert color="red" role="alert" data-testid="activity-problem">
        {sentenceOf(list.error)}
      </Alert>
    );
  if (!list.data) return <Patience what={`Asking for the ${what}s`} />;
  if (rows.length === 0)
    return (
      <Text c="dimmed" data-testid="activity-empty">
        There are no {what}s here.
      </Text>
    );
  return (
    <>
      {children(rows)}
      <Group justify="space-between" mt="sm">
        <Text size="sm" c="dimmed" role="status" data-testid="activity-count">
          {rows.length === 1 ? `1 ${what}` : `${rows.length} ${what}s`}, newest first
        </Text>
        <Group gap="xs">
          <Button variant="default" loading={list.isRefetching} onClick={() => void list.refetch()}>
            Read again
          </Button>
          {list.hasNextPage ? (
            <Button
              variant="default"
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
              data-testid="activity-older"
            >
              Older
            </Button>
          ) : (
            <Text size="sm" c="dimmed" data-testid="activity-end">
              That is the beginning.
            </Text>
          )}
        </Group>
      </Group>
    </>
  );
}
