import { Alert, Button, Checkbox, Group, SegmentedControl, Text } from '@mantine/core';
import { type FileHistoryDto, type HistoryRunDto, spansOf } from '@palimpsest/protocol/wire';
import { useEffect, useMemo, useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { dayAndTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { Patience } from '../patience.js';
import { colourOf } from '../person-colour.js';
import { AuthorLine } from './author-line.js';
import { CompareView } from './compare-view.js';
import { LogView } from './log-view.js';
import { PasteOrigin } from './paste-origin.js';
import { onPlayKey, PlayControls, type PlayKeys } from './play-controls.js';
import { ReplayBar } from './replay-bar.js';
import { type LoadedPage, ReplaySource } from './replay-source.js';
import { ReplayText, type WrittenRange } from './replay-text.js';
import { RestoreButton } from './restore-button.js';
import { RunPanel } from './run-panel.js';
import { type Replay, useReplay } from './use-replay.js';
import { useTextThen } from './use-text-then.js';

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
    <div className="replay-player" onKeyDown={(event) => onPlayKey(event, keysOf(replay))}>
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

function keysOf(replay: Replay): PlayKeys {
  return {
    ...{ speed: replay.speed, setSpeed: replay.setSpeed, toggle: replay.toggle, step: replay.step },
    ...{ toNext: () => replay.toNext(), toPrevious: () => replay.toPrevious() },
    ...{ toStart: () => replay.seek(0), toEnd: () => replay.seek(replay.edits) },
  };
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
  const { text, edit, author, change, describe } = useTextThen(history, page, index);
  const written = useMemo(() => (isColoured ? rangesOf(page, index, history) : []), [isColoured, page, index, history]);
  return (
    <div className="replay-views">
      <div className="replay-main">
        <Group gap="sm" wrap="nowrap" justify="space-between" pr="sm">
          <AuthorLine author={author} edit={edit} change={change} />
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

function Controls({ replay }: { readonly replay: Replay }) {
  return (
    <Group gap="sm">
      <PlayControls playing={replay} isEmpty={replay.edits === 0} />
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
