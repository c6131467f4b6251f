import { Alert, Button, NumberInput, Stack, Table, Text } from '@mantine/core';
import type { CreateInvitationDto, InvitationDto, NewInvitationDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { fullTime } from '../clock-time.js';
import { CopyButton } from '../copy-button.js';

/** Links with which people make an account and come into a course. */
export function InvitationList({ course }: { readonly course: string }) {
  const path = `/api/courses/${course}/invitations`;
  const [days, setDays] = useState<number | string>(14);
  const [mostUses, setMostUses] = useState<number | string>(30);
  const list = useQuery({
    queryKey: ['invitations', course],
    queryFn: () => api.get<InvitationDto[]>(path),
    staleTime: 0,
  });
  const make = useMutation({
    mutationFn: (wanted: CreateInvitationDto) => api.post<NewInvitationDto>(path, wanted),
    onSettled: () => list.refetch(),
  });
  const revoke = useMutation({
    mutationFn: (id: string) => api.delete(`${path}/${id}`),
    onSettled: () => list.refetch(),
  });
  const problem = make.error ?? revoke.error ?? list.error;
  const link = make.data && `${location.origin}/invite#${make.data.token}`;
  return (
    <Stack gap="md">
      <Text size="sm">
        Whoever opens the link becomes a student of this course, with a new account or their own. Give it to nobody
        else.
      </Text>
      <form
        className="people-row"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate({ days: Number(days), mostUses: Number(mostUses) });
        }}
      >
        <NumberInput label="Valid for days" min={1} max={180} value={days} onChange={setDays} w="9rem" required />
        <NumberInput label="For people" min={1} max={1000} value={mostUses} onChange={setMostUses} w="9rem" required />
        <Button type="submit" loading={make.isPending} data-testid="make-invitation">
          Make a link
        </Button>
      </form>
      {problem && (
        <Alert color="red" role="alert">
          {sentenceOf(problem)}
        </Alert>
      )}
      {link !== undefined && (
        <Alert color="yellow" className="people-once" title="The link is shown this once">
          <Text className="people-link" mb="xs" data-testid="invitation-link">
            {link}
          </Text>
          <CopyButton label="Copy the link" text={() => link} />
        </Alert>
      )}
      {list.data && list.data.length > 0 && (
        <InvitationTable invitations={list.data} isBusy={revoke.isPending} onRevoke={revoke.mutate} />
      )}
    </Stack>
  );
}

interface TableProps {
  readonly invitations: readonly InvitationDto[];
  readonly isBusy: boolean;
  readonly onRevoke: (id: string) => void;
}

function InvitationTable({ invitations, isBusy, onRevoke }: TableProps) {
  return (
    <Table data-testid="invitations">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Valid until</Table.Th>
          <Table.Th>Used</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {invitations.map(({ id, expiresAt, uses, mostUses, problem, revoked }) => (
          <Table.Tr key={id}>
            <Table.Td>{fullTime(Date.parse(expiresAt))}</Table.Td>
            <Table.Td>
              {uses} of {mostUses}
            </Table.Td>
            <Table.Td>{revoked ? 'revoked' : problem === null ? 'open' : 'over'}</Table.Td>
            <Table.Td>
              {problem === null && (
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={isBusy}
                  onClick={() => onRevoke(id)}
                  data-testid="revoke-invitation"
                >
                  Revoke
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
