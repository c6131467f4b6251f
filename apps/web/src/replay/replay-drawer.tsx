import { ActionIcon, Alert, Button, Group, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { FileDto, FileHistoryDto, FileStateDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { ONLY_WHEN_ASKED } from '../only-when-asked.js';
import { Patience } from '../patience.js';
import { ReplayPlayer } from './replay-player.js';
import './replay.css';

interface Props {
  readonly file: FileDto;
  readonly onClose: () => void;
}

/** Runs that are asked for at first, the newest; earlier ones are asked for when they are wanted. */
const RUNS = 50;
const MOST_RUNS = 200;

/** The overview and the newest runs; pages of edits come as the replay gets to them. */
async function readHistory(file: string, at: string | null) {
  const [history, runs, start] = await Promise.all([
    api.get<FileHistoryDto>(`/api/files/${file}/history`),
    api.get<HistoryRunDto[]>(`/api/files/${file}/history/runs?limit=${RUNS}`),
    editAt(file, at),
  ]);
  return { history, runs, start };
}

/** The moment that the address names: a link of the history's own has the number of edits, others an instant (ISO 8601). */
function momentOfAddress(): string | null {
  return new URLSearchParams(location.search).get('at');
}

/** How many edits there were at a moment; undefined where it names none: the history is shown from its end. */
async function editAt(file: string, at: string | null): Promise<number | undefined> {
  if (at === null || /^\d{1,9}$/.test(at)) return at === null ? undefined : Number(at);
  const state = await api
    .get<FileStateDto>(`/api/files/${file}/at?at=${encodeURIComponent(at)}`)
    .catch(() => undefined);
  return state?.edit;
}

/** Puts the moment into the address, without an entry of its own in the browser's history. */
function keepInAddress(index: number | undefined): void {
  history.replaceState(history.state, '', index === undefined ? location.pathname : `${location.pathname}?at=${index}`);
}

/** The history of a file, in a drawer at the bottom. It stands beside the live work, which goes on. */
export default function ReplayDrawer({ file, onClose }: Props) {
  const drawer = useRef<HTMLElement>(null);
  const [start] = useState(momentOfAddress);
  const read = useQuery({
    queryKey: ['history', file.id],
    queryFn: () => readHistory(file.id, start),
    // Opening the drawer anew reads anew.
    ...ONLY_WHEN_ASKED,
  });
  const [earlier, setEarlier] = useState<readonly HistoryRunDto[]>();
  const readMoreRuns = () =>
    void api
      .get<HistoryRunDto[]>(`/api/files/${file.id}/history/runs?limit=${MOST_RUNS}`)
      .then(setEarlier, () => undefined);
  useEffect(() => () => keepInAddress(undefined), []);
  const onRest = useCallback((index: number) => keepInAddress(index), []);
  const hasArrived = read.data !== undefined;
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
            loading={read.isFetching}
            onClick={() => void read.refetch()}
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
      {read.error && (
        <Alert color="red" radius={0} role="alert" data-testid="replay-problem">
          The history cannot be shown. {sentenceOf(read.error)}
        </Alert>
      )}
      {read.isPending && <Patience what="Reading the history" still="It is a long one." />}
      {read.data && (
        <ReplayPlayer
          key={read.dataUpdatedAt}
          history={read.data.history}
          runs={earlier ?? read.data.runs}
          moreRuns={earlier === undefined && read.data.runs.length === RUNS ? readMoreRuns : undefined}
          start={Math.min(read.data.start ?? read.data.history.edits, read.data.history.edits)}
          onRest={onRest}
        />
      )}
    </section>
  );
}
