import { Anchor, Stack, Text } from '@mantine/core';

export interface ExportChoice {
  readonly label: string;
  readonly what: string;
  /** Of the API: the browser saves what it gives. */
  readonly href: string;
  readonly testId: string;
}

/** Exports to choose from. They are links: the browser shows how far a download is, and can cancel it. */
export function ExportList({ choices }: { readonly choices: readonly ExportChoice[] }) {
  return (
    <Stack gap="sm" component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {choices.map(({ label, what, href, testId }) => (
        <li key={testId}>
          <Anchor href={href} download data-testid={testId}>
            {label}
          </Anchor>
          <Text size="sm" c="dimmed">
            {what}
          </Text>
        </li>
      ))}
    </Stack>
  );
}

/** What holds for all of them. */
export function ExportNote() {
  return (
    <Text size="sm">
      Every export is recorded. One at a time: a second one is refused until the first is there or cancelled.
    </Text>
  );
}
