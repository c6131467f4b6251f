import { Button, Group, SegmentedControl, Text } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import type { AuthorDto, FileHistoryDto } from '@palimpsest/protocol/wire';
import { type KeyboardEvent, useMemo } from 'react';
import { dayAndTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { colourOf, initialsOf } from '../person-colour.js';
import { ReplayBar } from './replay-bar.js';
import { ReplayText } from './replay-text.js';
import { RunPanel } from './run-panel.js';
import type { Change } from './timeline.js';
import { type Replay, type Speed, useReplay } from './use-replay.js';

/** A history and where it stands: text, author, runs, controls, bar. */
export function ReplayPlayer({ history }: { readonly history: FileHistoryDto }) {
  const replay = useReplay(history);
  const { timeline, playback, moment } = replay;
  const { index } = moment;
  const text = useMemo(() => timeline.textAt(index), [timeline, index]);
  const change = useMemo(() => timeline.changeAt(index), [timeline, index]);
  const author = history.authors[history.edits[index - 1]?.[1] ?? -1];
  const when = index === 0 ? '' : dayAndTime(playback.timeOf(index));
  const position = `Edit ${index} of ${playback.length}`;
  const label = author ? `${position}, ${author.name}, ${when}` : position;
  return (
    <div className="replay-player" onKeyDown={(event) => onKey(event, replay)}>
      <div className="replay-views">
        <div className="replay-main">
          <AuthorLine author={author} when={when} change={change} />
          <ReplayText text={text} change={change} colour={colourOf(author?.id ?? '')} path={history.path} />
        </div>
        <RunPanel replay={replay} />
      </div>
      <div className="replay-controls">
        <Controls replay={replay} position={position} />
        <ReplayBar history={history} replay={replay} label={label} />
      </div>
      <LiveText text={replay.isPlaying ? 'Playing' : label} />
    </div>
  );
}

interface AuthorLineProps {
  readonly author: AuthorDto | undefined;
  readonly when: string;
  readonly change: Change;
}

function AuthorLine({ author, when, change }: AuthorLineProps) {
  if (!author) {
    return (
      <div className="replay-author" data-testid="replay-author">
        <Text size="sm" c="dimmed">
          Before the first edit
        </Text>
      </div>
    );
  }
  return (
    <div className="replay-author" data-testid="replay-author">
      <span className="replay-face" style={{ background: colourOf(author.id) }} aria-hidden>
        {initialsOf(author.name)}
      </span>
      <Text size="sm" truncate>
        <b>{author.name}</b> · {when} · {describeChange(change)}
      </Text>
    </div>
  );
}

/** Characters of a change that are quoted. */
const QUOTED = 40;

function quoted(text: string): string {
  const shown = text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
  return `“${shown.replace(/\n/gu, '⏎').replace(/\t/gu, '⇥')}”`;
}

function describeChange({ inserted, removed }: Change): string {
  if (inserted === '' && removed === '') return 'changed nothing that shows';
  if (removed === '') return `wrote ${quoted(inserted)}`;
  return inserted === '' ? `took out ${quoted(removed)}` : `replaced ${quoted(removed)} by ${quoted(inserted)}`;
}

const SPEEDS = [
  { value: '1', label: '1×' },
  { value: '4', label: '4×' },
  { value: '16', label: '16×' },
];

function Controls({ replay, position }: { readonly replay: Replay; readonly position: string }) {
  const { isPlaying, speed } = replay;
  const Icon = isPlaying ? IconPlayerPauseFilled : IconPlayerPlayFilled;
  return (
    <Group gap="sm">
      <Button
        size="compact-md"
        leftSection={<Icon size={14} aria-hidden />}
        onClick={replay.toggle}
        disabled={replay.playback.length === 0}
        w="6.5rem"
        data-testid="replay-play"
      >
        {isPlaying ? 'Pause' : 'Play'}
      </Button>
      <SegmentedControl
        size="xs"
        aria-label="Speed"
        data={SPEEDS}
        value={String(speed)}
        onChange={(value) => replay.setSpeed(Number(value) as Speed)}
        data-testid="replay-speed"
      />
      <Button size="compact-sm" variant="default" onClick={replay.previousRun} data-testid="replay-previous-run">
        Run before
      </Button>
      <Button size="compact-sm" variant="default" onClick={replay.nextRun} data-testid="replay-next-run">
        Next run
      </Button>
      <Text size="sm" className="replay-position" data-testid="replay-position">
        {position}
      </Text>
    </Group>
  );
}

/** The replay's keys, unless the focus is on something that has a use for them itself. */
function onKey(event: KeyboardEvent, replay: Replay): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.matches('input[type=radio]') && event.key.startsWith('Arrow')) return;
  if (target.matches('button') && event.key === ' ') return;
  const act = actionOf(event, replay);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf({ key, shiftKey }: KeyboardEvent, replay: Replay): (() => void) | null {
  switch (key) {
    case 'ArrowLeft':
      return shiftKey ? replay.previousRun : () => replay.step(-1);
    case 'ArrowRight':
      return shiftKey ? replay.nextRun : () => replay.step(1);
    case 'Home':
      return () => replay.seek(0);
    case 'End':
      return () => replay.seek(replay.playback.length);
    case ' ':
      return replay.toggle;
    default:
      return null;
  }
}
