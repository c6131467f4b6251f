import { useEffect, useRef } from 'react';

/** Milliseconds of one frame at most: a tab that was hidden must not leap. */
const LONGEST_FRAME = 250;

/** Calls `onFrame` with the milliseconds since the frame before, while `on`. */
export function useFrames(on: boolean, onFrame: (elapsed: number) => void): void {
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
