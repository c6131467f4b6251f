import { Button, Checkbox, SegmentedControl } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import type { KeyboardEvent } from 'react';

/** Times true speed; `fit`: everything in FIT_MS. */
export const SPEEDS = ['1', '2', '4', '8', '16', 'fit'] as const;
export type Speed = (typeof SPEEDS)[number];
export const FIT_MS = 30_000;

/** How something plays. */
export interface Playing {
  readonly isPlaying: boolean;
  readonly speed: Speed;
  readonly skipsSilence: boolean;
  toggle(): void;
  setSpeed(speed: Speed): void;
  setSkipsSilence(skips: boolean): void;
}

/** Play and pause, the speed, and whether silence is shortened. */
export function PlayControls({ playing, isEmpty }: { readonly playing: Playing; readonly isEmpty: boolean }) {
  const { isPlaying, speed, skipsSilence } = playing;
  const Icon = isPlaying ? IconPlayerPauseFilled : IconPlayerPlayFilled;
  return (
    <>
      <Button
        size="compact-md"
        leftSection={<Icon size={14} aria-hidden />}
        onClick={playing.toggle}
        disabled={isEmpty}
        w="6.5rem"
        data-testid="replay-play"
      >
        {isPlaying ? 'Pause' : 'Play'}
      </Button>
      <SegmentedControl
        size="xs"
        aria-label="Speed"
        data={SPEEDS.map((value) => ({ value, label: value === 'fit' ? '30 s' : `${value}×` }))}
        value={speed}
        onChange={(value) => playing.setSpeed(value as Speed)}
        data-testid="replay-speed"
      />
      <Checkbox
        size="xs"
        label="Skip silence"
        checked={skipsSilence}
        onChange={(event) => playing.setSkipsSilence(event.currentTarget.checked)}
      />
    </>
  );
}

/** What the keys of a player do. */
export interface PlayKeys extends Pick<Playing, 'speed' | 'setSpeed' | 'toggle'> {
  /** By edits. */
  step(by: 1 | -1): void;
  toNext(): void;
  toPrevious(): void;
  toStart(): void;
  toEnd(): void;
}

/** A player's keys, unless the focus is on something that has a use for them itself. */
export function onPlayKey(event: KeyboardEvent, keys: PlayKeys): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.matches('input[type=radio]') && event.key.startsWith('Arrow')) return;
  if (target.matches('button, input[type=checkbox]') && event.key === ' ') return;
  if (target.matches('input:is([type=text], [type=datetime-local])')) return;
  const act = actionOf(event, keys);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf({ key, shiftKey }: KeyboardEvent, keys: PlayKeys): (() => void) | null {
  switch (key) {
    case 'ArrowLeft':
      return shiftKey ? () => keys.toPrevious() : () => keys.step(-1);
    case 'ArrowRight':
      return shiftKey ? () => keys.toNext() : () => keys.step(1);
    case 'Home':
      return () => keys.toStart();
    case 'End':
      return () => keys.toEnd();
    case ' ':
      return () => keys.toggle();
    case '[':
      return () => keys.setSpeed(nextSpeed(keys.speed, -1));
    case ']':
      return () => keys.setSpeed(nextSpeed(keys.speed, 1));
    default:
      return null;
  }
}

function nextSpeed(speed: Speed, by: 1 | -1): Speed {
  return SPEEDS[SPEEDS.indexOf(speed) + by] ?? speed;
}
