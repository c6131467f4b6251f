import { ActionIcon, Anchor, Group, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { RunError } from './run-view.js';

interface Props {
  readonly error: RunError;
  /** Shows the line in the editor; null where there is no such file any more. */
  readonly onShowLine: (() => void) | null;
  readonly onDismiss: () => void;
}

/** What was raised last: what it means, where it is, and Python's own account for those who want it. */
export function ErrorCard({ error, onShowLine, onDismiss }: Props) {
  const { exception, message, path, line, explanation, traceback } = error;
  return (
    <section
      className="error-card"
      aria-label="Error"
      data-testid="error-card"
      data-explanation={explanation?.id ?? ''}
    >
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
        <Text size="sm" className="error-title" data-testid="error-title">
          <b>{exception}</b>
          {message !== '' && `: ${message}`}
        </Text>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close this error" onClick={onDismiss}>
          <IconX size={14} aria-hidden />
        </ActionIcon>
      </Group>
      {explanation && (
        <Text size="sm" data-testid="error-explanation">
          {explanation.text}
        </Text>
      )}
      {path !== null && line !== null && <Place path={path} line={line} onShowLine={onShowLine} />}
      <details>
        <summary data-testid="error-traceback-summary">Everything that Python says</summary>
        <pre className="error-traceback" data-testid="error-traceback" tabIndex={0}>
          {traceback}
        </pre>
      </details>
    </section>
  );
}

interface PlaceProps {
  readonly path: string;
  readonly line: number;
  readonly onShowLine: (() => void) | null;
}

function Place({ path, line, onShowLine }: PlaceProps) {
  const text = `${path}, line ${line}`;
  if (!onShowLine) return <Text size="sm">{text}</Text>;
  return (
    <Anchor component="button" type="button" size="sm" onClick={onShowLine} data-testid="error-line">
      {text}
    </Anchor>
  );
}
