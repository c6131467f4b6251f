import { Anchor, Text } from '@mantine/core';
import type { FileNotice } from './run-view.js';

interface Props {
  readonly notices: readonly FileNotice[];
  readonly onOpen: (file: string) => void;
}

/** What the program did to files, a line each; one that is there opens at a click. Told to people who listen as it comes. */
export function FileNotices({ notices, onOpen }: Props) {
  if (notices.length === 0) return null;
  return (
    <ul className="file-notices" aria-label="Files of this program" aria-live="polite" data-testid="file-notices">
      {notices.map((notice, index) => (
        <li key={index} data-kind={notice.kind}>
          {notice.kind === 'produced' && notice.canOpen ? (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => onOpen(notice.file)}
              title={`Open ${notice.path}`}
              data-testid="produced-file"
            >
              {notice.text}
            </Anchor>
          ) : (
            <Text size="sm" span {...(notice.kind === 'notKept' && { c: 'orange' })}>
              {notice.text}
            </Text>
          )}
        </li>
      ))}
    </ul>
  );
}
