import { Stack } from '@mantine/core';
import { useMe } from '../session.js';
import { ExportList, ExportNote } from './export-list.js';

/** Everything that there is of the person who is signed in. */
export function OwnData() {
  const me = useMe();
  if (!me.data) return null;
  return (
    <Stack>
      <ExportNote />
      <ExportList
        choices={[
          {
            label: 'Download my data',
            what: 'Your files as they are now, and everything that was recorded of you: edits, runs, sign-ins, who looked at your work. Of others it holds what they did in your workspaces, without where they were.',
            href: `/api/people/${me.data.id}/exports/events`,
            testId: 'export-own-data',
          },
        ]}
      />
    </Stack>
  );
}
