import { Button } from '@mantine/core';
import { useState } from 'react';
import { copyText } from './copy-text.js';

interface Props {
  readonly label: string;
  readonly text: () => string;
  readonly testId?: string;
}

/** Copies a text and says that it did. */
export function CopyButton({ label, text, testId }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = () => void copyText(text()).then(() => setCopied(true));
  return (
    <Button size="compact-sm" variant="default" onClick={copy} data-testid={testId}>
      {copied ? 'Copied' : label}
    </Button>
  );
}
