import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { sentenceOf } from '../api-client.js';

/** Milliseconds; long enough to read and to find the button. */
const VISIBLE = 15_000;

/** Says that a file is gone and offers to bring it back. */
export function showDeleted(path: string, restore: () => Promise<void>): void {
  const bringBack = async () => {
    notifications.hide(id);
    await restore().catch((error: unknown) => notifications.show({ color: 'red', message: sentenceOf(error) }));
  };
  const id: string = notifications.show({
    autoClose: VISIBLE,
    message: (
      <Group gap="sm" justify="space-between" wrap="nowrap">
        <Text size="sm">{path} was deleted.</Text>
        <Button size="compact-sm" variant="default" onClick={() => void bringBack()} data-testid="restore-file">
          Bring it back
        </Button>
      </Group>
    ),
  });
}
