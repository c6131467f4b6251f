import { Alert, Badge, Button, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { NewPasswordDto, PersonDto, RoleName, SessionDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { SessionList } from '../account/session-list.js';
import { api, sentenceOf } from '../api-client.js';
import { CopyButton } from '../copy-button.js';

const ROLES: readonly RoleName[] = ['student', 'assistant', 'professor', 'auditor', 'admin'];
const MOST = 100;

/** All accounts, for administrators: roles, passwords, sessions, and who may sign in. */
export function AccountList() {
  const [words, setWords] = useState('');
  const [asked] = useDebouncedValue(words.trim(), 250);
  const [chosen, setChosen] = useState<PersonDto | null>(null);
  const list = useQuery({
    queryKey: ['accounts', asked],
    queryFn: () => api.get<PersonDto[]>(`/api/people?limit=${MOST}&words=${encodeURIComponent(asked)}`),
    staleTime: 0,
  });
  const change = useMutation({
    mutationFn: ({ path, role }: { readonly path: string; readonly role?: RoleName }) =>
      role ? api.put(path, { role }) : api.post(path, path.endsWith('/deactivate') ? { reason: '' } : undefined),
    onSettled: () => list.refetch(),
  });
  const problem = change.error ?? list.error;
  return (
    <Stack gap="md">
      <TextInput
        label="Find"
        placeholder="A part of a name"
        value={words}
        onChange={({ currentTarget }) => setWords(currentTarget.value)}
        data-testid="find-account"
      />
      {problem && (
        <Alert color="red" role="alert" data-testid="account-problem">
          {sentenceOf(problem)}
        </Alert>
      )}
      <Table data-testid="accounts">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>User name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.data?.map((person) => (
            <AccountRow
              key={person.id}
              person={person}
              isBusy={change.isPending}
              onRole={(role) => change.mutate({ path: `/api/people/${person.id}/role`, role })}
              onActive={(what) => change.mutate({ path: `/api/people/${person.id}/${what}` })}
              onMore={() => setChosen(person)}
            />
          ))}
        </Table.Tbody>
      </Table>
      {list.data?.length === MOST && (
        <Text size="sm" c="dimmed">
          These are the first {MOST}: search for others.
        </Text>
      )}
      {chosen && <AccountMore key={chosen.id} person={chosen} onClose={() => setChosen(null)} />}
    </Stack>
  );
}

interface RowProps {
  readonly person: PersonDto;
  readonly isBusy: boolean;
  readonly onRole: (role: RoleName) => void;
  readonly onActive: (what: 'deactivate' | 'reactivate') => void;
  readonly onMore: () => void;
}

function AccountRow({ person, isBusy, onRole, onActive, onMore }: RowProps) {
  const { username, displayName, role, active } = person;
  return (
    <Table.Tr data-testid={`account-${username}`}>
      <Table.Td>
        {displayName} {!active && <Badge color="gray">deactivated</Badge>}
      </Table.Td>
      <Table.Td>{username}</Table.Td>
      <Table.Td>
        <Select
          aria-label={`Role of ${displayName}`}
          size="xs"
          w="9rem"
          data={ROLES}
          value={role}
          onChange={(next) => next !== null && next !== role && onRole(next as RoleName)}
          allowDeselect={false}
          disabled={isBusy || !active}
        />
      </Table.Td>
      <Table.Td>
        <Button.Group>
          <Button size="compact-sm" variant="default" onClick={onMore} data-testid="account-more">
            Password, sessions
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            disabled={isBusy}
            onClick={() => onActive(active ? 'deactivate' : 'reactivate')}
            data-testid="account-active"
          >
            {active ? 'Deactivate' : 'Make active again'}
          </Button>
        </Button.Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** A one-time password for somebody who has forgotten theirs, and where they are signed in. */
function AccountMore({ person, onClose }: { readonly person: PersonDto; readonly onClose: () => void }) {
  const path = `/api/people/${person.id}`;
  const sessions = useQuery({
    queryKey: ['sessions-of', person.id],
    queryFn: () => api.get<SessionDto[]>(`${path}/sessions`),
    staleTime: 0,
  });
  const reset = useMutation({
    mutationFn: () => api.post<NewPasswordDto>(`${path}/reset-password`),
    onSettled: () => sessions.refetch(),
  });
  const end = useMutation({
    mutationFn: (id: string | null) => api.delete(id === null ? `${path}/sessions` : `${path}/sessions/${id}`),
    onSettled: () => sessions.refetch(),
  });
  const problem = reset.error ?? end.error ?? sessions.error;
  const password = reset.data?.password;
  return (
    <Modal opened onClose={onClose} title={`${person.displayName} (${person.username})`} centered size="xl">
      <Stack gap="md" align="flex-start">
        {problem && (
          <Alert color="red" role="alert">
            {sentenceOf(problem)}
          </Alert>
        )}
        {password === undefined ? (
          <Button
            variant="default"
            onClick={() => reset.mutate()}
            loading={reset.isPending}
            disabled={!person.active}
            data-testid="reset-password"
          >
            Give a one-time password
          </Button>
        ) : (
          <Alert
            color="yellow"
            className="people-once"
            title="It is shown this once, and has to be changed at the next sign-in"
          >
            <Text className="people-link" mb="xs" data-testid="one-time-password">
              {password}
            </Text>
            <CopyButton label="Copy" text={() => password} />
          </Alert>
        )}
        {sessions.data && (
          <SessionList
            sessions={sessions.data}
            isBusy={end.isPending}
            onEnd={end.mutate}
            onEndAll={() => end.mutate(null)}
          />
        )}
      </Stack>
    </Modal>
  );
}
