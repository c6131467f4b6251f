import { useEffect, useRef, useState } from 'react';

interface Props {
  readonly text: string;
  /** Milliseconds between two announcements: a screen reader that is told everything says nothing. */
  readonly pace?: number;
}

/** Text that a screen reader says when it changes, at most once in a while, and the latest only. Not to be seen. */
export function LiveText({ text, pace = 1_500 }: Props) {
  const [said, setSaid] = useState('');
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  }, [text]);
  const waiting = text !== said;
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => setSaid(latest.current), pace);
    return () => clearTimeout(timer);
  }, [waiting, pace]);
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
