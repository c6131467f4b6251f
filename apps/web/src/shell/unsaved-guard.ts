import { useEffect } from 'react';
import { saveStatus } from '../save-status.js';

/** The browser asks before the tab closes while something in it is not saved. */
export function useUnsavedGuard(): void {
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent) => {
      if (saveStatus.edits > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', onLeave);
    return () => window.removeEventListener('beforeunload', onLeave);
  }, []);
}
