import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconFile, IconFolder } from '@tabler/icons-react';
import type { TrashEntryDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useFileCommands, useTrash } from '../classroom.js';

interface Props {
  readonly workspace: string;
  readonly canWrite: boolean;
  readonly onClose: () => void;
}

/** What was deleted here. Nothing in it goes away by itself. */
export function TrashDialog({ workspace, canWrite, onClose }: Props) {
  const { data, error, refetch } = useTrash(workspace);
  const { restore, restoreFolder } = useFileCommands(workspace);
  const [problem, setProblem] = useState<string | null>(null);
  async function bringBack({ id, kind }: TrashEntryDto) {
    setProblem(null);
    try {
      await (kind === 'folder' ? restoreFolder : restore).mutateAsync(id);
    } catch (refusal) {
      setProblem(sentenceOf(refusal));
    }
    await refetch();
  }
  const shown = problem ?? (error ? sentenceOf(error) : null);
  return (
    <Modal opened onClose={onClose} title="Deleted files" size="lg">
      <Stack gap="xs" data-testid="trash">
        {shown !== null && (
          <Alert color="red" role="alert" data-testid="trash-problem">
            {shown}
          </Alert>
        )}
        {data?.length === 0 && <Text size="sm">Nothing has been deleted here, or all of it is back.</Text>}
        {data?.map((entry) => (
          <Group key={entry.id} justify="space-between" wrap="nowrap" data-testid="trash-entry">
            <Group gap="xs" wrap="nowrap" miw={0}>
              {entry.kind === 'folder' ? <IconFolder size={16} aria-hidden /> : <IconFile size={16} aria-hidden />}
              <div style={{ minWidth: 0 }}>
                <Text size="sm" truncate>
                  {entry.path}
                  {entry.kind === 'folder' && ` (${entry.files === 1 ? '1 file' : `${entry.files} files`})`}
                </Text>
                <Text size="xs" c="dimmed">
                  {entry.byName}, {new Date(entry.deletedAt).toLocaleString()}
                </Text>
              </div>
            </Group>
            {canWrite && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Bring ${entry.path} back`}
                onClick={() => void bringBack(entry)}
                data-testid="trash-restore"
              >
                Bring back
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
