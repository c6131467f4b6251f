import { ActionIcon, Alert, Button, Group, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { FileDto, FileHistoryDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';
import { ReplayPlayer } from './replay-player.js';
import './replay.css';

interface Props {
  readonly file: FileDto;
  readonly onClose: () => void;
}

/** The history of a file, in a drawer at the bottom. It stands beside the live work, which goes on. */
export default function ReplayDrawer({ file, onClose }: Props) {
  const drawer = useRef<HTMLElement>(null);
  const history = useQuery({
    queryKey: ['history', file.id],
    queryFn: () => api.get<FileHistoryDto>(`/api/files/${file.id}/history`),
    // What was shown stands still; opening the drawer anew reads anew. Each reading is recorded, so none happens unasked.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const hasArrived = history.data !== undefined;
  useEffect(() => {
    (drawer.current?.querySelector<HTMLElement>('[data-autofocus]') ?? drawer.current)?.focus();
  }, [hasArrived]);
  return (
    <section
      ref={drawer}
      className="replay-drawer"
      role="dialog"
      aria-label={`History of ${file.path}`}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
      data-testid="replay-drawer"
    >
      <Group className="pane-bar" justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600} component="h2" truncate>
          History of {file.path}
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="default"
            loading={history.isFetching}
            onClick={() => void history.refetch()}
            data-testid="replay-refresh"
          >
            Read again
          </Button>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Close the history"
            onClick={onClose}
            data-testid="replay-close"
          >
            <IconX size={18} aria-hidden />
          </ActionIcon>
        </Group>
      </Group>
      {history.error && (
        <Alert color="red" radius={0} role="alert" data-testid="replay-problem">
          The history cannot be shown. {sentenceOf(history.error)}
        </Alert>
      )}
      {history.isPending && <Patience what="Reading the history" still="It is a long one." />}
      {history.data && <ReplayPlayer key={history.dataUpdatedAt} history={history.data} />}
    </section>
  );
}
