import { Button } from '@mantine/core';
import { IconPlayerPlayFilled, IconPlayerStopFilled } from '@tabler/icons-react';

interface Props {
  /** Path of what Run would run; null when there is nothing to run. */
  readonly entry: string | null;
  readonly isBusy: boolean;
  readonly isStarting: boolean;
  readonly canRun: boolean;
  /** Seconds until it works again; 0: now. */
  readonly waitSeconds: number;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

/** Green Run, which turns into red Stop while a program is under way. */
export function RunButton({ entry, isBusy, isStarting, canRun, waitSeconds, onRun, onStop }: Props) {
  if (isBusy && canRun) {
    return (
      <Button
        color="stop"
        leftSection={<IconPlayerStopFilled size={16} aria-hidden />}
        onClick={onStop}
        data-testid="stop-button"
      >
        Stop
      </Button>
    );
  }
  return (
    <Button
      color="run"
      leftSection={<IconPlayerPlayFilled size={16} aria-hidden />}
      onClick={onRun}
      disabled={!canRun || entry === null || waitSeconds > 0}
      aria-busy={isStarting}
      aria-label={waitSeconds > 0 ? undefined : entry === null ? 'Run' : `Run ${entry}`}
      data-testid="run-button"
    >
      {isStarting ? 'Starting …' : waitSeconds > 0 ? `Next run in ${waitSeconds} s` : 'Run'}
    </Button>
  );
}
