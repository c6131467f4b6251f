import { Alert, Button, Group, Text } from '@mantine/core';
import { CopyButton } from '../copy-button.js';
import { dayAndTime } from '../clock-time.js';
import { useSignal } from '../signal.js';
import { browserOutbox } from './browser-outbox.js';
import type { SetAside } from './outbox-database.js';

/** Orange on orange would be too pale to read. */
const DARK_TITLE = { title: { color: 'var(--mantine-color-text)' } };

/** Changes of this person that the server refused: they are not sent again, but can be copied. */
export function RefusedChanges() {
  const asides = useSignal(browserOutbox.asides);
  return asides.map((aside) => <Refused key={aside.id} aside={aside} />);
}

function Refused({ aside }: { readonly aside: SetAside }) {
  const { path, at, edits, reason, typed, text } = aside;
  const title = `${edits === 1 ? '1 change' : `${edits} changes`} to ${path} could not be saved (${dayAndTime(at)})`;
  return (
    <Alert color="orange" radius={0} title={title} styles={DARK_TITLE} role="alert" data-testid="refused-changes">
      <Group gap="sm">
        <Text size="sm">{reason} They are kept on this computer and are not sent again.</Text>
        {typed !== '' && <CopyButton label="Copy my changes" text={() => typed} testId="copy-changes" />}
        {text !== null && <CopyButton label="Copy the whole text" text={() => text} testId="copy-whole" />}
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => void browserOutbox.discard(aside)}
          data-testid="discard-changes"
        >
          Throw them away
        </Button>
      </Group>
    </Alert>
  );
}
