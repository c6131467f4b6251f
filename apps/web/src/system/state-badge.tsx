import { Badge } from '@mantine/core';
import type { InWords } from './state-in-words.js';

interface Props {
  readonly state: InWords;
  readonly testId?: string;
}

/** A state in words; the colour only repeats how much it matters. */
export function StateBadge({ state: { text, weight }, testId }: Props) {
  return (
    <Badge className="system-badge" variant="default" data-weight={weight} data-testid={testId}>
      {text}
    </Badge>
  );
}
