import type { FileHistoryDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Moment, Playback } from './playback.js';
import { type LoadedPage, pageAt, pageOf, type ReplaySource } from './replay-source.js';
import { FIT_MS, type Playing, type Speed } from './play-controls.js';
import { type Stop, stopsOf } from './stops.js';
import { useFrames } from './use-frames.js';

interface Shown {
  readonly page: LoadedPage;
  readonly moment: Moment;
}

export interface Replay extends Playing {
  /** The page of the moment; undefined until the first one is there. */
  readonly page: LoadedPage | undefined;
  readonly moment: Moment;
  readonly stops: readonly Stop[];
  readonly edits: number;
  /** Why the page that was asked for last is not there. */
  readonly problem: unknown;
  /** To the text after `index` edits. */
  seek(index: number): void;
  step(by: number): void;
  to(stop: Stop | undefined): void;
  /** The stop after the moment, or before it; of runs alone if wanted. */
  toNext(runsAlone?: boolean): void;
  toPrevious(runsAlone?: boolean): void;
}

type MomentIn = (playback: Playback) => Moment;

/** Where the replay of a history stands, and its motion. Pages are fetched as it gets to them. */
export function useReplay(
  history: FileHistoryDto,
  runs: readonly HistoryRunDto[],
  source: ReplaySource,
  start: number,
): Replay {
  const [shown, setShown] = useState<Shown>();
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>('1');
  const [skipsSilence, setSkipsSilence] = useState(true);
  const [problem, setProblem] = useState<unknown>();
  const stops = useMemo(() => stopsOf(history, runs), [history, runs]);
  const page = shown?.page;
  const playback = useMemo(() => page && playbackOf(page, runs, skipsSilence), [page, runs, skipsSilence]);
  const moment = shown?.moment ?? { index: start, ms: 0 };
  /** The number of the latest wish: what was asked for before and comes later is not shown. */
  const wish = useRef(0);
  const played = useRef(0);

  function show(number: number, momentIn: MomentIn): void {
    const mine = ++wish.current;
    const here = source.peek(number);
    const put = (loaded: LoadedPage) => {
      if (mine !== wish.current) return;
      const score = loaded === page && playback ? playback : playbackOf(loaded, runs, skipsSilence);
      setProblem(undefined);
      setShown({ page: loaded, moment: momentIn(score) });
    };
    if (here) return put(here);
    source.page(number).then(put, (error: unknown) => mine === wish.current && setProblem(error));
  }

  const go = (number: number, momentIn: MomentIn) => {
    setPlaying(false);
    show(number, momentIn);
  };
  const seek = (index: number) => {
    const within = Math.min(Math.max(Math.trunc(index), 0), history.edits);
    go(pageOf(history, within), (score) => score.at(within));
  };
  const to = (stop: Stop | undefined) => {
    if (!stop) return;
    const { run } = stop;
    if (run) go(pageAt(history, run.requestedAt), (score) => score.atRun(run));
    else seek(stop.index);
  };
  const isBefore = (stop: Stop) => {
    if (!playback || stop.index < playback.first) return true;
    const rest = stop.run ? playback.atRun(stop.run) : playback.at(stop.index);
    return stop.ms < moment.ms && rest.ms < moment.ms;
  };

  useEffect(() => show(pageOf(history, start), (score) => score.at(start)), [history]); // eslint-disable-line react-hooks/exhaustive-deps
  // The page that is played next is fetched while this one is.
  useEffect(() => {
    if (isPlaying && page && page.number + 1 < history.pages.length)
      source.page(page.number + 1).catch(() => undefined);
  }, [isPlaying, page, history, source]);

  function playFitting(elapsed: number): void {
    played.current += (elapsed * history.edits) / FIT_MS;
    const index = Math.min(history.edits, moment.index + Math.floor(played.current));
    played.current %= 1;
    if (index >= history.edits) setPlaying(false);
    if (index !== moment.index) show(pageOf(history, index), (score) => score.at(index));
  }

  /** Nothing happens in the silence between two pages: the next begins at once. */
  function afterPage(): void {
    const next = (page?.number ?? 0) + 1;
    if (next >= history.pages.length) setPlaying(false);
    else if (source.peek(next)) show(next, (score) => score.startAt(score.at(score.first)));
  }

  useFrames(isPlaying && playback !== undefined, (elapsed) => {
    if (!playback) return;
    if (speed === 'fit') return playFitting(elapsed);
    const next = playback.advance(moment, elapsed * Number(speed));
    if (page) setShown({ page, moment: next });
    if (playback.isOver(next)) afterPage();
  });

  return {
    ...{ page, moment, stops, edits: history.edits, isPlaying, speed, skipsSilence, problem },
    ...{ seek, to, setSpeed, setSkipsSilence },
    step: (by) => seek(moment.index + by),
    toNext: (runsAlone = false) => to(stops.find((stop) => stop.ms > moment.ms && (!runsAlone || stop.run))),
    toPrevious: (runsAlone = false) => to(stops.findLast((stop) => (!runsAlone || stop.run) && isBefore(stop))),
    toggle: () => {
      if (!isPlaying && playback) {
        const isAtEnd = moment.index >= history.edits && playback.isOver(moment);
        if (isAtEnd) show(0, (score) => score.startAt(score.at(0)));
        else show(page?.number ?? 0, (score) => score.startAt(moment));
      }
      setPlaying(!isPlaying);
    },
  };
}

function playbackOf(page: LoadedPage, runs: readonly HistoryRunDto[], skipsSilence: boolean): Playback {
  return new Playback({ first: page.first, edits: page.edits, until: page.until, runs, skipsSilence });
}
