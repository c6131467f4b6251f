import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { clockTime } from '../clock-time.js';
import { describeSaveState, saveStatus } from '../save-status.js';
import { useSignal } from '../signal.js';

interface Props {
  readonly opened: boolean;
  readonly onStay: () => void;
  readonly onLeave: () => void;
}

const KEPT =
  'They are kept on this computer for you: they are sent when you sign in here again, and nobody else who signs in gets them.';
const LOST = 'They are in this tab only: signing out now loses them.';

/** Asks before somebody signs out whose last edits the server does not have. */
export function LeaveDialog({ opened, onStay, onLeave }: Props) {
  const state = useSignal(saveStatus.state);
  const isKept = saveStatus.place === 'computer';
  return (
    <Modal opened={opened} onClose={onStay} title="Sign out with changes that are not saved?" centered>
      <Stack>
        <Text size="sm" data-testid="leave-warning">
          {state && describeSaveState(state, clockTime)}. {isKept ? KEPT : LOST}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onLeave} data-testid="leave-anyway">
            {isKept ? 'Sign out' : 'Sign out and lose them'}
          </Button>
          <Button onClick={onStay} data-autofocus>
            Stay
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
