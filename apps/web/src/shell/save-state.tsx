import { Text } from '@mantine/core';
import { clockTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { describeSaveState, type SaveState, saveStatus } from '../save-status.js';
import { useSignal } from '../signal.js';

/** Whether what was typed is safe, in words, always to be seen. */
export function SaveStateText() {
  const state = useSignal(saveStatus.state);
  if (!state) return null;
  return (
    <>
      <Text size="sm" className="save-state" data-kind={state.kind} data-testid="save-state">
        {describeSaveState(state, clockTime)}
      </Text>
      <LiveText text={announcement(state)} />
    </>
  );
}

/** Only turns for the better or the worse are said aloud, not every keystroke's saving. */
function announcement(state: SaveState): string {
  switch (state.kind) {
    case 'offline':
      return 'Offline: what you type is kept in this tab until the connection is back.';
    case 'ended':
      return state.message;
    case 'saved':
    case 'saving':
      return 'Changes are being saved.';
    case 'opening':
    case 'read-only':
      return '';
  }
}
