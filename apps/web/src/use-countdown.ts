import { useCallback, useEffect, useState } from 'react';

/** Whole seconds that are left, and how to begin with another number; renders again each second until it is 0. */
export function useCountdown(): readonly [left: number, begin: (seconds: number) => void] {
  const [{ until, now }, setTimes] = useState({ until: 0, now: 0 });
  useEffect(() => {
    if (until === 0) return;
    const timer = setInterval(() => {
      const passed = Date.now();
      setTimes((times) => ({ ...times, now: passed }));
      if (passed >= until) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [until]);
  const begin = useCallback((seconds: number) => {
    const began = Date.now();
    setTimes({ until: began + seconds * 1000, now: began });
  }, []);
  return [Math.max(0, Math.ceil((until - now) / 1000)), begin];
}
