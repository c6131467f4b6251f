import { Alert, Button, Group, Text } from '@mantine/core';
import type { ActivityEntryDto, FileHistoryDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { useQueries, useQuery } from '@tanstack/react-query';
import { memo, useEffect, useRef } from 'react';
import { sentenceOf } from '../../api-client.js';
import { clockTime, dayAndTime } from '../../clock-time.js';
import { LiveText } from '../../live-text.js';
import { ONLY_WHEN_ASKED } from '../../only-when-asked.js';
import { Patience } from '../../patience.js';
import { colourOf } from '../../person-colour.js';
import { AuthorLine } from '../../replay/author-line.js';
import { onPlayKey, PlayControls } from '../../replay/play-controls.js';
import '../../replay/replay.css';
import type { LoadedPage } from '../../replay/replay-source.js';
import { ReplayText } from '../../replay/replay-text.js';
import { RunPanel } from '../../replay/run-panel.js';
import { useTextThen } from '../../replay/use-text-then.js';
import type { ActivityOf } from '../../route.js';
import { activityAddress, type ActivityQuery } from '../activity-query.js';
import { AllSessions, TimeRange } from '../time-range.js';
import { MOST_ROWS, readRun, type ReadScore, readScore } from './read-score.js';
import type { Score } from './score.js';
import { type ScorePlaying, useScore } from './use-score.js';

interface Props {
  readonly of: ActivityOf;
  readonly query: ActivityQuery;
  readonly onChange: (query: ActivityQuery) => void;
}

/** What happened, played: every file as it was written, from file to file, with the runs and everything else at their times. */
export function PlayView({ of, query, onChange }: Props) {
  const address = activityAddress(of, query);
  const read = useQuery({
    queryKey: ['score', address],
    queryFn: () => readScore(address),
    ...ONLY_WHEN_ASKED,
  });
  return (
    <>
      <Group className="activity-filters" align="flex-end" role="search" aria-label="What is played">
        <TimeRange query={query} onChange={onChange} />
        <AllSessions query={query} onChange={onChange} />
        <Button variant="default" loading={read.isFetching} onClick={() => void read.refetch()}>
          Read again
        </Button>
      </Group>
      {read.error && (
        <Alert color="red" role="alert" data-testid="play-problem">
          This cannot be played. {sentenceOf(read.error)}
        </Alert>
      )}
      {read.isPending && <Patience what="Reading what happened" still="It is much." />}
      {read.data && <ScorePlayer key={read.dataUpdatedAt} read={read.data} readAt={read.dataUpdatedAt} />}
    </>
  );
}

/** Runs whose output may be looked at: the latest, and those that are named below it. */
const RUNS_SHOWN = 4;

function ScorePlayer({ read, readAt }: { readonly read: ReadScore; readonly readAt: number }) {
  const { score, sources } = read;
  const playing = useScore(score, sources);
  const { ms, shown, page, problem, isPlaying } = playing;
  const row = score.rowAt(ms);
  const runs = useRuns(score, ms, readAt);
  const history = shown && score.histories.get(shown.file);
  if (score.rows.length === 0)
    return (
      <Text c="dimmed" data-testid="activity-empty">
        Nothing happened here in this time.
      </Text>
    );
  const label = `${dayAndTime(ms)}: ${score.rows[row]?.text ?? 'the beginning'}`;
  return (
    <div className="play-stage" onKeyDown={(event) => onPlayKey(event, playing)} data-testid="play-stage">
      <Notes read={read} />
      {problem !== undefined && (
        <Alert color="red" role="alert">
          This text cannot be shown. {sentenceOf(problem)}
        </Alert>
      )}
      <div className="play-views">
        <Rows rows={score.rows} current={row} onGo={(place) => playing.seek(score.timeOfRow(place))} />
        <div className="replay-main">
          {shown === undefined && (
            <Text p="sm" c="dimmed">
              Nothing was written in this time.
            </Text>
          )}
          {shown && !page && <Patience what="Reading the text" />}
          {shown && page && history && <FileThen history={history} index={shown.index} page={page} />}
        </div>
        <RunPanel runs={runs} ms={ms} />
      </div>
      <div className="replay-controls">
        <Group gap="sm">
          <PlayControls playing={playing} isEmpty={score.rows.length === 0} />
          <Button size="compact-sm" variant="default" onClick={playing.toPrevious} data-testid="play-previous">
            Event before
          </Button>
          <Button size="compact-sm" variant="default" onClick={playing.toNext} data-testid="play-next">
            Next event
          </Button>
          <Text size="sm" className="replay-position" data-testid="play-position">
            {dayAndTime(ms)}
          </Text>
        </Group>
        <Bar playing={playing} label={label} />
      </div>
      <LiveText text={isPlaying ? 'Playing' : label} />
    </div>
  );
}

function Notes({ read: { isCut, missing } }: { readonly read: ReadScore }) {
  return (
    <>
      {isCut && (
        <Text size="sm" c="dimmed" data-testid="play-cut">
          These are the last {MOST_ROWS.toLocaleString()} events. Choose an earlier end to play what was before.
        </Text>
      )}
      {missing.length > 0 && (
        <Text size="sm" c="dimmed">
          Not played, since their history cannot be seen: {missing.join(', ')}.
        </Text>
      )}
    </>
  );
}

/** The latest runs of the moment, as far as they are there. One that goes on is asked for again when everything is read again. */
function useRuns(score: Score, ms: number, readAt: number): HistoryRunDto[] {
  const ids = score.runsAt(ms, RUNS_SHOWN);
  const asked = useQueries({
    queries: ids
      .filter((id) => !score.runs.has(id))
      .map((id) => ({
        queryKey: ['run-timeline', id, readAt],
        queryFn: () => readRun(id),
        staleTime: Infinity,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      })),
    combine: (results) => results.flatMap(({ data }) => (data ? [data] : [])),
  });
  return [...ids.flatMap((id) => score.runs.get(id) ?? []), ...asked];
}

interface TextProps {
  readonly history: FileHistoryDto;
  readonly index: number;
  readonly page: LoadedPage;
}

function FileThen({ history, index, page }: TextProps) {
  const { text, edit, author, change, describe } = useTextThen(history, page, index);
  return (
    <>
      <Text size="sm" fw={600} px="sm" pt={6} component="h2" truncate data-testid="play-file">
        {history.path}
      </Text>
      <AuthorLine author={author} edit={edit} change={change} />
      <ReplayText
        key={history.file}
        {...{ text, change, describe, written: NOTHING }}
        colour={colourOf(author?.id ?? '')}
        path={history.path}
      />
    </>
  );
}

const NOTHING: readonly never[] = [];

interface RowsProps {
  readonly rows: readonly ActivityEntryDto[];
  readonly current: number;
  readonly onGo: (place: number) => void;
}

/** What happened, oldest first; the row that has begun last is marked and kept in sight. */
function Rows({ rows, current, onGo }: RowsProps) {
  const list = useRef<HTMLOListElement>(null);
  const go = useRef(onGo);
  useEffect(() => {
    go.current = onGo;
  });
  useEffect(() => {
    const row = list.current?.children[current];
    // Not scrollIntoView, which moves the page around the list as well.
    if (list.current && row instanceof HTMLElement)
      list.current.scrollTop = row.offsetTop - list.current.offsetTop - list.current.clientHeight / 2;
  }, [current]);
  return (
    <ol className="play-rows" ref={list} aria-label="What happened" data-testid="play-rows">
      {rows.map((row, place) => (
        <Row key={row.id} row={row} place={place} isCurrent={place === current} isPast={place <= current} go={go} />
      ))}
    </ol>
  );
}

interface RowProps {
  readonly row: ActivityEntryDto;
  readonly place: number;
  readonly isCurrent: boolean;
  readonly isPast: boolean;
  readonly go: { readonly current: (place: number) => void };
}

/** There may be thousands, and a frame changes two of them. */
const Row = memo(function Row({ row, place, isCurrent, isPast, go }: RowProps) {
  return (
    <li data-past={isPast}>
      <button
        type="button"
        aria-current={isCurrent ? 'step' : undefined}
        onClick={() => go.current(place)}
        data-testid="play-row"
        data-kind={row.kind}
      >
        <time dateTime={row.at}>{clockTime(Date.parse(row.at))}</time> {row.failed && <strong>Failed: </strong>}
        {row.byName}: {row.text}
      </button>
    </li>
  );
});

function Bar({ playing, label }: { readonly playing: ScorePlaying; readonly label: string }) {
  return (
    <input
      type="range"
      className="replay-slider"
      min={0}
      max={Math.round(playing.length)}
      value={Math.round(playing.played)}
      onChange={(event) => playing.seekPlayed(Number(event.currentTarget.value))}
      aria-label="Moment"
      aria-valuetext={label}
      data-testid="play-slider"
    />
  );
}
