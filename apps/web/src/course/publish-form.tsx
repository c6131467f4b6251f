import { Alert, Button, Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import type { CourseDto, ItemKindName, PublishItemDto } from '@palimpsest/protocol/wire';
import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useWorkspace } from '../classroom.js';
import { NO_TIMES, timesFor, TimesFields } from './times-fields.js';
import { useItemCommands } from './use-items.js';

const KINDS = [
  { value: 'material', label: 'Material: to be read' },
  { value: 'assignment', label: 'Assignment: a copy for everybody' },
  { value: 'test', label: 'Test: hidden before its start, locked at its end' },
];

/** Publishes a workspace, or a folder or file of it, as it is now. */
export function PublishForm({ course, onDone }: { readonly course: CourseDto; readonly onDone: () => void }) {
  const { publish } = useItemCommands(course.id);
  const [kind, setKind] = useState<ItemKindName>('assignment');
  const [section, setSection] = useState(course.sections[0] ?? '');
  const [title, setTitle] = useState('');
  const [workspace, setWorkspace] = useState(course.workspaces[0]?.id ?? '');
  const [path, setPath] = useState('');
  const [groups, setGroups] = useState(false);
  const [times, setTimes] = useState(NO_TIMES);

  function submit(event: FormEvent) {
    event.preventDefault();
    const item: PublishItemDto = {
      ...{ section, kind, title, workspace, groups: kind !== 'material' && groups },
      ...timesFor(kind, times),
      ...(path !== '' && { path }),
    };
    publish.mutate(item, { onSuccess: onDone });
  }
  return (
    <form onSubmit={submit} data-testid="publish-form">
      <Stack gap="sm">
        <TextInput
          label="Title"
          value={title}
          onChange={({ currentTarget }) => setTitle(currentTarget.value)}
          maxLength={120}
          required
          data-autofocus
          data-testid="item-title"
        />
        <Group grow>
          <Select
            label="Kind"
            data={KINDS}
            value={kind}
            onChange={(value) => value && setKind(value as ItemKindName)}
            allowDeselect={false}
            data-testid="item-kind"
          />
          <Select
            label="Section"
            data={[...course.sections]}
            value={section}
            onChange={(value) => value && setSection(value)}
            allowDeselect={false}
            data-testid="item-section"
          />
        </Group>
        <Group grow>
          <Select
            label="Files of"
            data={course.workspaces.map(({ id, name }) => ({ value: id, label: name }))}
            value={workspace}
            onChange={(value) => value && setWorkspace(value)}
            allowDeselect={false}
            searchable
            data-testid="item-workspace"
          />
          <PathSelect workspace={workspace} path={path} onChange={setPath} />
        </Group>
        <TimesFields kind={kind} times={times} onChange={setTimes} />
        {kind !== 'material' && (
          <Checkbox
            label="In groups: one copy for each group"
            checked={groups}
            onChange={({ currentTarget }) => setGroups(currentTarget.checked)}
            data-testid="item-groups"
          />
        )}
        {publish.error && (
          <Alert color="red" role="alert" data-testid="publish-error">
            {sentenceOf(publish.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={publish.isPending} data-testid="publish-submit">
            Publish
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface PathProps {
  readonly workspace: string;
  readonly path: string;
  readonly onChange: (path: string) => void;
}

/** The whole workspace, or one of its folders or files. */
function PathSelect({ workspace, path, onChange }: PathProps) {
  const { data } = useWorkspace(workspace);
  const files = (data?.files ?? []).map((file) => file.path);
  const folders = files.flatMap((file) =>
    [...file.matchAll(/\//g)].map(({ index }) => file.slice(0, index)).map((folder) => `${folder}/`),
  );
  const choices = [...new Set([...folders, ...files])].sort((a, b) => a.localeCompare(b));
  return (
    <Select
      label="Folder or file"
      placeholder="everything"
      data={choices}
      value={path === '' ? null : path}
      onChange={(value) => onChange(value ?? '')}
      clearable
      searchable
      data-testid="item-path"
    />
  );
}
