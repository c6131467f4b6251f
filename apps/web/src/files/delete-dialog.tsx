import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';

interface Props {
  readonly path: string;
  readonly onDelete: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before a file goes for everybody. */
export function DeleteDialog({ path, onDelete, onClose }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function confirm() {
    setBusy(true);
    try {
      await onDelete();
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title={`Delete ${path}?`} centered>
      <Stack>
        <Text size="sm">
          It goes for everybody who works here. Its history is kept, and it can be brought back as it was.
        </Text>
        {problem !== null && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="stop" loading={busy} onClick={() => void confirm()} data-testid="delete-confirm">
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
