import { useEffect, useMemo, useRef, useState } from 'react';
import { FIT_MS, type PlayKeys, type Playing, type Speed } from '../../replay/play-controls.js';
import { type LoadedPage, pageOf, type ReplaySource } from '../../replay/replay-source.js';
import { useFrames } from '../../replay/use-frames.js';
import type { Score, ShownText } from './score.js';

/** Where the playing of a score stands, and its motion. */
export interface ScorePlaying extends Playing, PlayKeys {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** Milliseconds of playing: to the moment, and of all. */
  readonly played: number;
  readonly length: number;
  readonly shown: ShownText | undefined;
  /** The page of the text that is shown; undefined until it is there. */
  readonly page: LoadedPage | undefined;
  readonly problem: unknown;
  seek(ms: number): void;
  seekPlayed(played: number): void;
}

/** Pages of texts are fetched as the score gets to them; playing waits for them. */
export function useScore(score: Score, sources: ReadonlyMap<string, ReplaySource>): ScorePlaying {
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>('1');
  const [skipsSilence, setSkipsSilence] = useState(true);
  const clock = useMemo(() => score.clock(skipsSilence), [score, skipsSilence]);
  const [ms, setMs] = useState(() => clock.beats[0] ?? 0);
  const { loaded, problem, want } = usePages(score, sources);
  const shown = score.textAt(ms);
  const page = loaded(shown);
  useEffect(() => want(shown), [shown?.file, shown?.index]); // eslint-disable-line react-hooks/exhaustive-deps
  // The text that somebody turns to next is fetched before they do.
  const next = useMemo(() => (isPlaying ? score.nextFileAfter(ms) : undefined), [isPlaying, score, shown?.file]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => want(next), [next]); // eslint-disable-line react-hooks/exhaustive-deps

  // What cannot be had is asked for again when somebody goes on, not with each frame.
  useEffect(() => {
    if (problem !== undefined) setPlaying(false); // eslint-disable-line react-hooks/set-state-in-effect
  }, [problem]);

  const last = clock.beats.at(-1) ?? 0;
  const put = (to: number) => setMs(Math.min(Math.max(to, clock.beats[0] ?? 0), last));
  const seek = (to: number) => {
    setPlaying(false);
    put(to);
  };
  const toRow = (place: number) => {
    if (place < score.rows.length) seek(score.timeOfRow(Math.max(place, 0)));
  };

  useFrames(isPlaying, (elapsed) => {
    // What takes less than that anyway is not slowed down.
    const rate = speed === 'fit' ? Math.max(1, clock.length / FIT_MS) : Number(speed);
    const to = clock.unplay(clock.play(ms) + elapsed * rate);
    const text = score.textAt(to);
    if (text && !loaded(text)) return want(text);
    put(to);
    if (to >= last) setPlaying(false);
  });

  return {
    ...{ ms, shown, page, problem, isPlaying, speed, skipsSilence, setSpeed, setSkipsSilence, seek },
    ...{ played: clock.play(ms), length: clock.length },
    seekPlayed: (played) => seek(clock.unplay(played)),
    toggle: () => {
      if (!isPlaying && ms >= last) put(0);
      setPlaying(!isPlaying);
    },
    step: (by) => {
      const edit = score.edits[score.editAt(ms) + by];
      if (edit) seek(edit.ms);
      else if (by < 0) seek(0);
    },
    toNext: () => toRow(score.rowAt(ms) + 1),
    toPrevious: () => toRow(score.rowAt(ms) - 1),
    toStart: () => seek(0),
    toEnd: () => seek(Infinity),
  };
}

/** The pages of several histories: which are there, and how to ask for one. */
function usePages(score: Score, sources: ReadonlyMap<string, ReplaySource>) {
  const [, arrived] = useState(0);
  const [problem, setProblem] = useState<unknown>();
  const asked = useRef(new Set<string>());
  const numberOf = ({ file, index }: ShownText) => {
    const history = score.histories.get(file);
    return history ? pageOf(history, index) : 0;
  };
  const loaded = (text: ShownText | undefined) => text && sources.get(text.file)?.peek(numberOf(text));
  const want = (text: ShownText | undefined) => {
    const source = text && sources.get(text.file);
    if (!source || loaded(text)) return;
    const number = numberOf(text);
    const key = `${text.file} ${number}`;
    if (asked.current.has(key)) return;
    asked.current.add(key);
    source
      .page(number)
      .then(() => setProblem(undefined), setProblem)
      .finally(() => {
        asked.current.delete(key);
        arrived((count) => count + 1);
      });
  };
  return { loaded, want, problem };
}
