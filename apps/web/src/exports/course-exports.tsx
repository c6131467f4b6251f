import { Button, Modal, Stack } from '@mantine/core';
import type { CourseDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { ExportList, ExportNote } from './export-list.js';

interface Props {
  readonly course: CourseDto;
  /** Whether the person may have a dataset with names. */
  readonly mayIdentify: boolean;
}

/** What a course gives for research and for keeping. */
export function CourseExports({ course, mayIdentify }: Props) {
  const [opened, setOpened] = useState(false);
  const path = `/api/courses/${course.id}/exports`;
  const named = {
    label: 'ProgSnap2, strict, with names',
    what: 'The same with a table that says whose the pseudonyms are.',
    href: `${path}/progsnap2?identified=true`,
    testId: 'export-progsnap2-identified',
  };
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)} data-testid="course-exports">
        Export…
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`Export: ${course.title}`} centered>
        <Stack>
          <ExportNote />
          <ExportList
            choices={[
              {
                label: 'ProgSnap2, strict',
                what: 'Edits, runs and hand-ins as a dataset for research, under pseudonyms. Texts are as they were written.',
                href: `${path}/progsnap2`,
                testId: 'export-progsnap2',
              },
              {
                label: 'ProgSnap2, extended',
                what: 'The same with columns and events of our own, which some tools do not take.',
                href: `${path}/progsnap2?mode=extended`,
                testId: 'export-progsnap2-extended',
              },
              ...(mayIdentify ? [named] : []),
              {
                label: 'Events',
                what: 'Everything that was recorded in the course, as lines of JSON with a manifest.',
                href: `${path}/events`,
                testId: 'export-course-events',
              },
            ]}
          />
        </Stack>
      </Modal>
    </>
  );
}
