import { useEffect } from 'react';
import { saveStatus } from '../save-status.js';

/** The browser asks before the tab closes while something is in it and nowhere else. What is kept on this computer waits there. */
export function useUnsavedGuard(): void {
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent) => {
      if (saveStatus.edits > 0 && saveStatus.place === 'tab') event.preventDefault();
    };
    window.addEventListener('beforeunload', onLeave);
    return () => window.removeEventListener('beforeunload', onLeave);
  }, []);
}
