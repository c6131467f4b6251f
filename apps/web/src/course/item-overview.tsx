import { Alert, Anchor, Button, Checkbox, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import type { ItemDto, OverviewRowDto } from '@palimpsest/protocol/wire';
import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { dayAndTime } from '../clock-time.js';
import { Patience } from '../patience.js';
import { activityPath, workspacePath } from '../route.js';
import { newUuid } from './new-uuid.js';
import { MomentInput } from './moment-input.js';
import { useItemCommands, useOverview } from './use-items.js';

interface Props {
  readonly item: ItemDto;
  /** Whether the person may extend and form groups. */
  readonly mayDecide: boolean;
  readonly onClose: () => void;
}

/** How every student stands with an item; extensions and groups. */
export function ItemOverview({ item, mayDecide, onClose }: Props) {
  const { data, error } = useOverview(item.id);
  const [extending, setExtending] = useState<OverviewRowDto | null>(null);
  const isTimed = item.dueAt !== null || item.endAt !== null;
  return (
    <Modal opened onClose={onClose} title={`Who stands where: ${item.title}`} size="90%">
      {error && (
        <Alert color="red" role="alert">
          {sentenceOf(error)}
        </Alert>
      )}
      {!data && !error && <Patience what="Asking for the table" />}
      {data && (
        <Stack gap="md">
          <div className="overview-scroll" role="region" aria-label="Students" tabIndex={0}>
            <Table striped data-testid="overview-table">
              <Table.Thead>
                <Table.Tr>
                  {['Student', ...(item.groups ? ['Group'] : []), 'Opened', 'Last edit', 'Handed in', 'Until'].map(
                    (title) => (
                      <Table.Th key={title}>{title}</Table.Th>
                    ),
                  )}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.students.map((row) => (
                  <Table.Tr key={row.person} data-testid={`overview-${row.username}`}>
                    <Table.Td>
                      {row.copy === null ? (
                        row.displayName
                      ) : (
                        <Anchor href={workspacePath(row.copy, null)}>{row.displayName}</Anchor>
                      )}
                    </Table.Td>
                    {item.groups && <Table.Td>{row.group ?? 'none'}</Table.Td>}
                    <Table.Td>{timeOf(row.openedAt)}</Table.Td>
                    <Table.Td>{timeOf(row.lastEditAt)}</Table.Td>
                    <Table.Td>{handedIn(row)}</Table.Td>
                    <Table.Td>
                      <Group gap="xs" wrap="nowrap">
                        {timeOf(row.deadline)}
                        {row.extension !== null && <Text size="xs">extended</Text>}
                        <Anchor href={activityPath({ person: row.person })} size="xs">
                          Activity<span className="visually-hidden"> of {row.displayName}</span>
                        </Anchor>
                        {mayDecide && isTimed && (
                          <Button size="compact-xs" variant="default" onClick={() => setExtending(row)}>
                            Extend<span className="visually-hidden"> for {row.displayName}</span>
                          </Button>
                        )}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
          {extending && (
            <ExtensionForm key={extending.person} item={item} row={extending} onDone={() => setExtending(null)} />
          )}
          {item.groups && mayDecide && <GroupForm item={item} students={data.students} groups={data.groups} />}
        </Stack>
      )}
    </Modal>
  );
}

function timeOf(iso: string | null): string {
  return iso === null ? '–' : dayAndTime(Date.parse(iso));
}

function handedIn({ handedInAt, late, handIns }: OverviewRowDto): string {
  if (handedInAt === null) return '–';
  return `${timeOf(handedInAt)}${late ? ', late' : ''}${handIns > 1 ? ` (${handIns} times)` : ''}`;
}

interface ExtensionProps {
  readonly item: ItemDto;
  readonly row: OverviewRowDto;
  readonly onDone: () => void;
}

function ExtensionForm({ item, row, onDone }: ExtensionProps) {
  const { extend } = useItemCommands(item.course);
  const [until, setUntil] = useState(row.extension ?? row.deadline);
  const save = (moment: string | null) =>
    extend.mutate({ id: item.id, person: row.person, until: moment }, { onSuccess: onDone });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (until !== null) save(until);
  }
  return (
    <form onSubmit={submit} data-testid="extension-form">
      <Group align="end">
        <MomentInput
          label={`${row.displayName} has until`}
          value={until}
          onChange={setUntil}
          testId="extension-until"
        />
        <Button type="submit" loading={extend.isPending} data-testid="extension-save">
          Extend
        </Button>
        {row.extension !== null && (
          <Button variant="default" onClick={() => save(null)}>
            Take it back
          </Button>
        )}
      </Group>
      {extend.error && (
        <Alert mt="xs" color="red" role="alert">
          {sentenceOf(extend.error)}
        </Alert>
      )}
    </form>
  );
}

interface GroupsProps {
  readonly item: ItemDto;
  readonly students: readonly OverviewRowDto[];
  readonly groups: readonly { readonly id: string; readonly name: string; readonly members: readonly string[] }[];
}

/** Forms a group, or says anew who is in the one of this name. */
function GroupForm({ item, students, groups }: GroupsProps) {
  const { setGroup } = useItemCommands(item.course);
  const [name, setName] = useState('');
  const [members, setMembers] = useState<readonly string[]>([]);
  const known = groups.find((group) => group.name === name.trim());
  function submit(event: FormEvent) {
    event.preventDefault();
    const group = known?.id ?? newUuid();
    setGroup.mutate({ id: item.id, group, name, members }, { onSuccess: () => (setName(''), setMembers([])) });
  }
  return (
    <form onSubmit={submit} data-testid="group-form">
      <Stack gap="xs">
        <TextInput
          label="Group"
          description="A new name forms a group; the name of one says anew who is in it. Who is moved leaves the other at once."
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          maxLength={120}
          required
          data-testid="group-name"
        />
        <Checkbox.Group label="Members" value={[...members]} onChange={setMembers}>
          <Group gap="sm" mt={4}>
            {students.map(({ person, displayName, group }) => (
              <Checkbox
                key={person}
                value={person}
                label={group === null ? displayName : `${displayName} (${group})`}
              />
            ))}
          </Group>
        </Checkbox.Group>
        {setGroup.error && (
          <Alert color="red" role="alert">
            {sentenceOf(setGroup.error)}
          </Alert>
        )}
        <Group>
          <Button type="submit" loading={setGroup.isPending} data-testid="group-save">
            {known ? 'Change the group' : 'Form the group'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
