import { Alert, Button, Checkbox, Group, SegmentedControl, Text } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { type AuthorDto, type FileHistoryDto, type HistoryRunDto, spansOf } from '@palimpsest/protocol/wire';
import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { dayAndTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { Patience } from '../patience.js';
import { colourOf, initialsOf } from '../person-colour.js';
import { CompareView } from './compare-view.js';
import { KIND_WORDS, sourceInWords } from './edit-words.js';
import { LogView } from './log-view.js';
import { PasteOrigin } from './paste-origin.js';
import { ReplayBar } from './replay-bar.js';
import { type LoadedPage, ReplaySource } from './replay-source.js';
import { ReplayText, type WrittenRange } from './replay-text.js';
import { RestoreButton } from './restore-button.js';
import { RunPanel } from './run-panel.js';
import type { Change } from './timeline.js';
import { type Replay, type Speed, SPEEDS, useReplay } from './use-replay.js';

interface Props {
  readonly history: FileHistoryDto;
  readonly runs: readonly HistoryRunDto[];
  readonly moreRuns: (() => void) | undefined;
  /** Number of edits at which it begins. */
  readonly start: number;
  /** Called when the replay has come to rest somewhere. */
  readonly onRest: (index: number) => void;
}

const VIEWS = ['play', 'compare', 'log'] as const;
type View = (typeof VIEWS)[number];
const VIEW_WORDS: Readonly<Record<View, string>> = { play: 'Play', compare: 'Compare', log: 'Log' };

/** A history and where it stands: text, author, runs, controls, bar; or two moments beside each other; or all as a list. */
export function ReplayPlayer({ history, runs, moreRuns, start, onRest }: Props) {
  const source = useMemo(() => new ReplaySource(history, api.bytes), [history]);
  const replay = useReplay(history, runs, source, start);
  const [view, setView] = useState<View>('play');
  const { page, moment, isPlaying } = replay;
  const label = labelOf(history, replay);
  useEffect(() => {
    if (!isPlaying && page) onRest(moment.index);
  }, [isPlaying, page, moment.index, onRest]);
  return (
    <div className="replay-player" onKeyDown={(event) => onKey(event, replay)}>
      <Group gap="sm" px="sm" pt="xs">
        <SegmentedControl
          size="xs"
          aria-label="View"
          data={VIEWS.map((value) => ({ value, label: VIEW_WORDS[value] }))}
          value={view}
          onChange={(value) => setView(value as View)}
          data-testid="replay-view"
        />
        {history.mayEdit && (
          <RestoreButton
            key={moment.index}
            file={history.file}
            edit={moment.index}
            isNewest={moment.index === history.edits}
          />
        )}
      </Group>
      {replay.problem !== undefined && (
        <Alert color="red" radius={0} role="alert">
          This part of the history cannot be shown. {sentenceOf(replay.problem)}
        </Alert>
      )}
      {view === 'compare' && <CompareView history={history} index={moment.index} />}
      {view === 'log' && <LogView history={history} replay={replay} moreRuns={moreRuns} />}
      {view === 'play' &&
        (page ? <PlayView {...{ history, runs, replay, page }} /> : <Patience what="Reading" still="" />)}
      <div className="replay-controls">
        <Controls replay={replay} />
        <ReplayBar history={history} replay={replay} label={label} />
      </div>
      <LiveText text={isPlaying ? 'Playing' : label} />
    </div>
  );
}

function positionOf({ moment, edits }: Replay): string {
  return `Edit ${moment.index} of ${edits}`;
}

function labelOf(history: FileHistoryDto, replay: Replay): string {
  const edit = replay.page?.edit(replay.moment.index);
  const author = edit && history.authors[edit.author];
  const position = positionOf(replay);
  return edit && author ? `${position}, ${author.name}, ${dayAndTime(edit.ms)}` : position;
}

interface PlayProps {
  readonly history: FileHistoryDto;
  readonly runs: readonly HistoryRunDto[];
  readonly replay: Replay;
  readonly page: LoadedPage;
}

function PlayView({ history, runs, replay, page }: PlayProps) {
  const [isColoured, setColoured] = useState(false);
  const { moment, isPlaying } = replay;
  const { index } = moment;
  const text = useMemo(() => page.timeline.textAt(index), [page, index]);
  const change = useMemo(() => page.timeline.changeAt(index), [page, index]);
  const written = useMemo(() => (isColoured ? rangesOf(page, index, history) : []), [isColoured, page, index, history]);
  const edit = page.edit(index);
  const author = edit && history.authors[edit.author];
  const describe = (at: number) => {
    const source = page.sourceOf(page.writtenAt(index)[at] ?? 0);
    return source && sourceInWords(history, source);
  };
  return (
    <div className="replay-views">
      <div className="replay-main">
        <Group gap="sm" wrap="nowrap" justify="space-between" pr="sm">
          <AuthorLine
            author={author}
            when={edit ? dayAndTime(edit.ms) : ''}
            how={edit ? KIND_WORDS[edit.kind] : ''}
            change={change}
          />
          <Checkbox
            size="xs"
            label="Who wrote it"
            checked={isColoured}
            onChange={(event) => setColoured(event.currentTarget.checked)}
            data-testid="replay-written"
          />
        </Group>
        {!isPlaying && edit?.kind === 'pasted' && <PasteOrigin file={history.file} edit={index} />}
        <ReplayText {...{ text, change, written, describe }} colour={colourOf(author?.id ?? '')} path={history.path} />
      </div>
      <RunPanel runs={runs} ms={moment.ms} />
    </div>
  );
}

/** Who wrote what of the text after `index` edits, in as few pieces as say it. */
function rangesOf(page: LoadedPage, index: number, { authors }: FileHistoryDto): WrittenRange[] {
  const ranges: { from: number; to: number; colour: string; wasTyped: boolean }[] = [];
  let at = 0;
  for (const { length, edit, step } of spansOf(page.writtenAt(index)))
    for (let n = 0; n < (step === 0 ? 1 : length); n++) {
      const source = page.sourceOf(edit + step * n);
      const colour = colourOf(authors[source?.author ?? -1]?.id ?? '');
      const wasTyped = source?.kind === 'typed';
      const from = at;
      at += step === 0 ? length : 1;
      const last = ranges.at(-1);
      if (last?.colour === colour && last.wasTyped === wasTyped) last.to = at;
      else ranges.push({ from, to: at, colour, wasTyped });
    }
  return ranges;
}

interface AuthorLineProps {
  readonly author: AuthorDto | undefined;
  readonly when: string;
  readonly how: string;
  readonly change: Change;
}

function AuthorLine({ author, when, how, change }: AuthorLineProps) {
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
        <b>{author.name}</b> · {when} · {how} · {describeChange(change)}
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

function Controls({ replay }: { readonly replay: Replay }) {
  const { isPlaying, speed, skipsSilence } = replay;
  const Icon = isPlaying ? IconPlayerPauseFilled : IconPlayerPlayFilled;
  return (
    <Group gap="sm">
      <Button
        size="compact-md"
        leftSection={<Icon size={14} aria-hidden />}
        onClick={replay.toggle}
        disabled={replay.edits === 0}
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
        onChange={(value) => replay.setSpeed(value as Speed)}
        data-testid="replay-speed"
      />
      <Checkbox
        size="xs"
        label="Skip silence"
        checked={skipsSilence}
        onChange={(event) => replay.setSkipsSilence(event.currentTarget.checked)}
      />
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => replay.toPrevious(true)}
        data-testid="replay-previous-run"
      >
        Run before
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => replay.toNext(true)} data-testid="replay-next-run">
        Next run
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => replay.toNext()} data-testid="replay-next-mark">
        Next mark
      </Button>
      <Text size="sm" className="replay-position" data-testid="replay-position">
        {positionOf(replay)}
      </Text>
    </Group>
  );
}

/** The replay's keys, unless the focus is on something that has a use for them itself. */
function onKey(event: KeyboardEvent, replay: Replay): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.matches('input[type=radio]') && event.key.startsWith('Arrow')) return;
  if (target.matches('button, input[type=checkbox]') && event.key === ' ') return;
  if (target.matches('input[type=text]')) return;
  const act = actionOf(event, replay);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf({ key, shiftKey }: KeyboardEvent, replay: Replay): (() => void) | null {
  switch (key) {
    case 'ArrowLeft':
      return shiftKey ? () => replay.toPrevious() : () => replay.step(-1);
    case 'ArrowRight':
      return shiftKey ? () => replay.toNext() : () => replay.step(1);
    case 'Home':
      return () => replay.seek(0);
    case 'End':
      return () => replay.seek(replay.edits);
    case ' ':
      return replay.toggle;
    case '[':
      return () => replay.setSpeed(nextSpeed(replay.speed, -1));
    case ']':
      return () => replay.setSpeed(nextSpeed(replay.speed, 1));
    default:
      return null;
  }
}

function nextSpeed(speed: Speed, by: 1 | -1): Speed {
  return SPEEDS[SPEEDS.indexOf(speed) + by] ?? speed;
}
