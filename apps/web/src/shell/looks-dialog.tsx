import { Modal, Table, Text } from '@mantine/core';
import type { LookDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { fullTime } from '../clock-time.js';

const WHAT = { workspace: 'Workspace', history: 'History of', activity: 'Activity of', metrics: 'Your' } as const;

/** Who has looked into one's own workspace and at the histories of its files, the newest first. */
export function LooksDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['looks'],
    queryFn: () => api.get<LookDto[]>('/api/looks?limit=50'),
    enabled: opened,
    staleTime: 0,
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Who looked at my work" centered size="lg">
      <Text size="sm" mb="sm">
        Professors and auditors of your course, and administrators, may look into your workspace. Each time is recorded.
      </Text>
      {error && (
        <Text size="sm" c="red" role="alert">
          {sentenceOf(error)}
        </Text>
      )}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed" data-testid="no-looks">
          Nobody has looked yet.
        </Text>
      )}
      {data && data.length > 0 && <LooksTable looks={data} />}
    </Modal>
  );
}

function LooksTable({ looks }: { readonly looks: readonly LookDto[] }) {
  return (
    <Table data-testid="looks">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>When</Table.Th>
          <Table.Th>Who</Table.Th>
          <Table.Th>What</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {looks.map(({ id, at, byName, byRole, what, object }) => (
          <Table.Tr key={id}>
            <Table.Td>{fullTime(Date.parse(at))}</Table.Td>
            <Table.Td>
              {byName} ({byRole})
            </Table.Td>
            <Table.Td>
              {WHAT[what]} {object}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
