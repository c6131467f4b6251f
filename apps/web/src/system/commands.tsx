import { Button, Paper, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { copyText } from '../copy-text.js';

const COMMANDS = [
  ['projections status', 'Says how far each of them is, and what is wrong. The same as this page, in a terminal.'],
  [
    'projections rebuild <name>',
    'Builds a read model anew beside the one in use, then puts it in its place. The classroom goes on meanwhile.',
  ],
  ['evidence verify', 'Reads the whole log again and compares every event with what was signed.'],
  ['archive export <folder>', 'Writes the whole log into a folder. Repeated, it adds what is new.'],
  ['archive verify <folder>', 'Compares every byte of such a folder with its checksum.'],
  ['archive import <folder>', 'Writes such a folder into an empty event store: to restore it, or to move to another.'],
] as const;

/** What an operator types on the server. This page itself changes nothing. */
export function Commands() {
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="system-commands-title" data-testid="system-commands">
      <Title order={2} size="h5" id="system-commands-title" mb={4}>
        Commands
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        To type on the server, in the folder of the program. Put in a name or a folder for what stands in &lt; &gt;. For
        an installation that is not in ./data, add --data &lt;folder&gt;.
      </Text>
      <ul className="system-commands">
        {COMMANDS.map(([words, what]) => (
          <li key={words}>
            <Command line={`npm run palimpsest -- ${words}`} />
            <Text size="sm">{what}</Text>
          </li>
        ))}
      </ul>
    </Paper>
  );
}

const NOT_COPIED = 'The browser does not let this page copy: mark the command and copy it by hand.';

function Command({ line }: { readonly line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    void copyText(line).then(
      () => setCopied(true),
      () => notifications.show({ id: 'not-copied', color: 'red', message: NOT_COPIED }),
    );
  return (
    <div className="system-command">
      <code>{line}</code>
      <Button
        size="compact-xs"
        variant="default"
        onClick={copy}
        onBlur={() => setCopied(false)}
        aria-label={`${copied ? 'Copied' : 'Copy'}: ${line}`}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
