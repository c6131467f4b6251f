import { Text } from '@mantine/core';
import { clockTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { describeSaveState, type SaveState, saveStatus } from '../save-status.js';
import { useSignal } from '../signal.js';
import { useEffect, useState } from 'react';

/** Whether what was typed is safe, in words, always to be seen. */
export function SaveStateText() {
  const state = useSignal(saveStatus.state);
  const now = useNow(state?.kind === 'waiting');
  if (!state) return null;
  return (
    <>
      <Text size="sm" className="save-state" data-kind={state.kind} data-testid="save-state">
        {describeSaveState(state, clockTime, now)}
      </Text>
      <LiveText text={announcement(state)} />
    </>
  );
}

/** The time, each second while it is `ticking`. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    const tick = () => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

/** Only turns for the better or the worse are said aloud, not every keystroke's saving. */
function announcement(state: SaveState): string {
  switch (state.kind) {
    case 'offline':
      return `Offline: what you type is kept ${state.place === 'tab' ? 'in this tab only' : 'on this computer'} until the connection is back.`;
    case 'waiting':
      return 'Too many changes at once: they are sent again in a moment, and none is lost.';
    case 'held':
      return 'Some changes wait until the text of others, on which they build, is back.';
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
