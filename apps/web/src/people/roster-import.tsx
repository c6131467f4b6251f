import { Alert, Button, Checkbox, FileInput, Select, Stack, Text } from '@mantine/core';
import type {
  ConfirmRosterDto,
  RosterDto,
  RosterField,
  RosterImportedDto,
  RosterPreviewDto,
} from '@palimpsest/protocol/wire';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { ImportedPeople } from './imported-people.js';
import { countsInWords, RosterTable } from './roster-table.js';

const FIELDS: readonly (readonly [field: RosterField, label: string])[] = [
  ['username', 'User name'],
  ['name', 'Name'],
  ['firstName', 'First name'],
  ['lastName', 'Last name'],
  ['email', 'E-mail'],
  ['role', 'Role'],
];
const NOT_UTF8 = 'The file is not UTF-8: save it as "CSV UTF-8" and try again.';

async function textOf(file: File): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(NOT_UTF8);
  }
}

/** Brings a list of people in: chooses a file, shows what it would change, and does it when that is confirmed. */
export function RosterImport({ course, title }: { readonly course: string; readonly title: string }) {
  const [roster, setRoster] = useState<RosterDto | null>(null);
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const preview = useMutation({
    mutationFn: (body: RosterDto) => api.post<RosterPreviewDto>(`/api/courses/${course}/roster/preview`, body),
  });
  const bringIn = useMutation({
    mutationFn: (body: ConfirmRosterDto) => api.post<RosterImportedDto>(`/api/courses/${course}/roster`, body),
  });
  const look = (body: RosterDto) => {
    setRoster(body);
    bringIn.reset();
    preview.mutate(body);
  };
  const choose = (file: File | null) => {
    setUnreadable(null);
    setRoster(null);
    preview.reset();
    bringIn.reset();
    if (!file) return;
    textOf(file).then(
      (text) => look({ text }),
      (error: unknown) => setUnreadable(error instanceof Error ? error.message : String(error)),
    );
  };
  const problem =
    unreadable ?? (bringIn.error && sentenceOf(bringIn.error)) ?? (preview.error && sentenceOf(preview.error));
  if (bringIn.data) return <ImportedPeople imported={bringIn.data} title={title} onAgain={() => choose(null)} />;
  return (
    <Stack gap="md">
      <Text size="sm">
        A CSV file in UTF-8 whose first line names the columns. Nothing is changed before you have seen what would be.
      </Text>
      <FileInput
        label="File"
        placeholder="Choose a file"
        accept=".csv,.tsv,.txt,text/csv"
        onChange={choose}
        clearable
        data-testid="roster-file"
      />
      {problem && (
        <Alert color="red" role="alert" data-testid="roster-problem">
          {problem}
        </Alert>
      )}
      {preview.data && roster && (
        <Shown preview={preview.data} roster={roster} onLook={look}>
          <Button
            onClick={() => bringIn.mutate({ ...roster, digest: preview.data.digest })}
            loading={bringIn.isPending}
            disabled={preview.isPending || changesOf(preview.data) === 0}
            style={{ alignSelf: 'flex-start' }}
            data-testid="roster-confirm"
          >
            {changesOf(preview.data) === 0 ? 'Nothing to change' : 'Do this'}
          </Button>
        </Shown>
      )}
    </Stack>
  );
}

function changesOf({ counts }: RosterPreviewDto): number {
  return counts['new-account'] + counts.enrolled + counts.changed + counts.removed;
}

interface ShownProps {
  readonly preview: RosterPreviewDto;
  readonly roster: RosterDto;
  readonly onLook: (roster: RosterDto) => void;
  readonly children: React.ReactNode;
}

function Shown({ preview, roster, onLook, children }: ShownProps) {
  return (
    <>
      <div className="people-row">
        {FIELDS.map(([field, label]) => (
          <Select
            key={field}
            label={label}
            w="10rem"
            placeholder="no column"
            data={[...preview.headers]}
            value={preview.columns[field]}
            onChange={(column) => onLook({ ...roster, columns: { ...preview.columns, [field]: column } })}
            clearable
            data-testid={`column-${field}`}
          />
        ))}
      </div>
      <Checkbox
        label="Students and assistants who are not in the file leave the course (their work stays)"
        checked={roster.removeMissing === true}
        onChange={({ currentTarget }) => onLook({ ...roster, removeMissing: currentTarget.checked })}
        data-testid="remove-missing"
      />
      <Text size="sm" fw={600} role="status" data-testid="roster-counts">
        {countsInWords(preview.counts)}
        {preview.counts.error > 0 && ' Rows with errors are left out.'}
      </Text>
      {children}
      <RosterTable rows={preview.rows} />
    </>
  );
}
