import { useEffect, useRef } from 'react';

export interface WorkbenchKeys {
  readonly run: () => void;
  readonly save: () => void;
}

/** F5 and Ctrl/Cmd+Enter run, Ctrl/Cmd+S answers: wherever the focus is, and before the editor or the browser see them. */
export function useWorkbenchKeys(keys: WorkbenchKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (!command) return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) latest.current[command]();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}

function commandOf(event: KeyboardEvent): keyof WorkbenchKeys | null {
  const control = event.ctrlKey || event.metaKey;
  if (event.altKey || event.shiftKey) return null;
  if (event.key === 'F5' && !control) return 'run';
  if (control && event.key === 'Enter') return 'run';
  return control && event.key.toLowerCase() === 's' ? 'save' : null;
}
