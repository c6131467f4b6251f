import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { clockTime } from '../clock-time.js';
import { describeSaveState, saveStatus } from '../save-status.js';
import { useSignal } from '../signal.js';

interface Props {
  readonly opened: boolean;
  readonly onStay: () => void;
  readonly onLeave: () => void;
}

/** Asks before somebody signs out whose last edits the server does not have. */
export function LeaveDialog({ opened, onStay, onLeave }: Props) {
  const state = useSignal(saveStatus.state);
  return (
    <Modal opened={opened} onClose={onStay} title="Sign out with changes that are not saved?" centered>
      <Stack>
        <Text size="sm">
          {state && describeSaveState(state, clockTime)}. They are in this tab only: signing out now loses them.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onLeave}>
            Sign out and lose them
          </Button>
          <Button onClick={onStay} data-autofocus>
            Stay
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
