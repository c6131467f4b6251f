import { Alert, Anchor, Badge, Table, Text } from '@mantine/core';
import type { MemberDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';
import { activityPath } from '../route.js';

/** Everybody in a course. */
export function MemberList({ course }: { readonly course: string }) {
  const { data, error } = useQuery({
    queryKey: ['members', course],
    queryFn: () => api.get<MemberDto[]>(`/api/courses/${course}/members`),
    staleTime: 0,
  });
  if (error)
    return (
      <Alert color="red" role="alert">
        {sentenceOf(error)}
      </Alert>
    );
  if (!data) return <Patience what="Asking who is in the course" />;
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs" data-testid="member-count">
        {data.length === 1 ? '1 person' : `${data.length} people`}
      </Text>
      <Table data-testid="members">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>User name</Table.Th>
            <Table.Th>In this course</Table.Th>
            <Table.Th>What they did</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.map(({ id, displayName, username, role, active }) => (
            <Table.Tr key={id}>
              <Table.Td>
                {displayName} {!active && <Badge color="gray">deactivated</Badge>}
              </Table.Td>
              <Table.Td>{username}</Table.Td>
              <Table.Td>{role}</Table.Td>
              <Table.Td>
                <Anchor href={activityPath({ person: id })} size="sm" data-testid={`activity-of-${username}`}>
                  Activity<span className="visually-hidden"> of {displayName}</span>
                </Anchor>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
