import { Anchor, Group, Modal, Stack } from '@mantine/core';
import type { WorkspaceDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { MomentInput } from '../course/moment-input.js';
import { ExportList, ExportNote } from './export-list.js';

/** The files of a workspace as they are or were, and its history. */
export function WorkspaceExports({
  workspace,
  onClose,
}: {
  readonly workspace: WorkspaceDto;
  readonly onClose: () => void;
}) {
  const path = `/api/workspaces/${workspace.id}`;
  return (
    <Modal opened onClose={onClose} title={`Export: ${workspace.name}`}>
      <Stack>
        <ExportNote />
        <ExportList
          choices={[
            {
              label: 'Files (ZIP)',
              what: 'As they are now.',
              href: `${path}/zip`,
              testId: 'export-zip',
            },
            {
              label: 'History (Git)',
              what: 'A commit for each run, each hand-in and each pause. "git clone" takes the file.',
              href: `${path}/exports/git`,
              testId: 'export-git',
            },
            {
              label: 'Events',
              what: 'Everything that was recorded here, as lines of JSON with a manifest.',
              href: `${path}/exports/events`,
              testId: 'export-events',
            },
          ]}
        />
        <ZipOfMoment path={`${path}/zip`} />
      </Stack>
    </Modal>
  );
}

function ZipOfMoment({ path }: { readonly path: string }) {
  const [at, setAt] = useState<string | null>(null);
  return (
    <Group align="end">
      <MomentInput label="Files as they were at" value={at} onChange={setAt} testId="export-moment" />
      {at !== null && (
        <Anchor href={`${path}?at=${encodeURIComponent(at)}`} download data-testid="export-zip-then">
          Files of that moment (ZIP)
        </Anchor>
      )}
    </Group>
  );
}
