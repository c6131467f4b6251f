import type { FileHistoryDto } from '@palimpsest/protocol/wire';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Moment, Playback } from './playback.js';
import { Timeline } from './timeline.js';

export type Speed = 1 | 4 | 16;

export interface Replay {
  readonly timeline: Timeline;
  readonly playback: Playback;
  readonly moment: Moment;
  readonly isPlaying: boolean;
  readonly speed: Speed;
  /** To the text after `index` edits. */
  seek(index: number): void;
  step(by: number): void;
  toRun(run: number): void;
  nextRun(): void;
  previousRun(): void;
  toggle(): void;
  setSpeed(speed: Speed): void;
}

/** Milliseconds of one frame at most: a tab that was hidden must not leap. */
const LONGEST_FRAME = 250;

/** Where the replay of a history stands, and its motion. */
export function useReplay(history: FileHistoryDto): Replay {
  const timeline = useMemo(() => new Timeline(history.edits), [history]);
  const playback = useMemo(() => new Playback(history), [history]);
  const [moment, setMoment] = useState<Moment>(() => playback.at(playback.length));
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>(1);
  useFrames(isPlaying, (elapsed) => {
    const next = playback.advance(moment, elapsed * speed);
    setMoment(next);
    if (playback.isOver(next)) setPlaying(false);
  });

  function go(to: Moment | null | undefined): void {
    if (!to) return;
    setPlaying(false);
    setMoment(to);
  }

  return {
    timeline,
    playback,
    moment,
    isPlaying,
    speed,
    seek: (index) => go(playback.at(index)),
    step: (by) => go(playback.at(moment.index + by)),
    toRun: (run) => go(playback.atRuns[run]),
    nextRun: () => go(playback.nextRun(moment)),
    previousRun: () => go(playback.previousRun(moment)),
    toggle: () => {
      if (!isPlaying) setMoment(playback.startAt(playback.isOver(moment) ? playback.at(0) : moment));
      setPlaying(!isPlaying);
    },
    setSpeed,
  };
}

/** Calls `onFrame` with the milliseconds since the frame before, while `on`. */
function useFrames(on: boolean, onFrame: (elapsed: number) => void): void {
  const latest = useRef(onFrame);
  useEffect(() => {
    latest.current = onFrame;
  });
  useEffect(() => {
    if (!on) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function tick(now) {
      latest.current(Math.min(now - before, LONGEST_FRAME));
      before = now;
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [on]);
}
