import { Badge, Button, Table, Text } from '@mantine/core';
import type { SessionDto } from '@palimpsest/protocol/wire';
import { fullTime } from '../clock-time.js';
import { deviceOf } from './device.js';

interface Props {
  readonly sessions: readonly SessionDto[];
  readonly isBusy: boolean;
  readonly onEnd: (id: string) => void;
  /** Ends all but the one that asks. */
  readonly onEndAll: () => void;
}

/** Where an account is signed in, each with a button that ends it. */
export function SessionList({ sessions, isBusy, onEnd, onEndAll }: Props) {
  const others = sessions.filter(({ isCurrent }) => !isCurrent);
  if (sessions.length === 0) return <Text size="sm">Not signed in anywhere.</Text>;
  return (
    <>
      <Table data-testid="sessions">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Where</Table.Th>
            <Table.Th>Address</Table.Th>
            <Table.Th>Since</Table.Th>
            <Table.Th>Last seen</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map(({ id, userAgent, address, since, lastSeen, isCurrent }) => (
            <Table.Tr key={id}>
              <Table.Td>{deviceOf(userAgent)}</Table.Td>
              <Table.Td>{address}</Table.Td>
              <Table.Td>{fullTime(Date.parse(since))}</Table.Td>
              <Table.Td>{fullTime(Date.parse(lastSeen))}</Table.Td>
              <Table.Td>
                {isCurrent ? (
                  <Badge variant="light">here</Badge>
                ) : (
                  <Button
                    size="compact-sm"
                    variant="default"
                    disabled={isBusy}
                    onClick={() => onEnd(id)}
                    data-testid="end-session"
                  >
                    Sign out
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {others.length > 1 && (
        <Button mt="md" size="sm" variant="default" disabled={isBusy} onClick={onEndAll} data-testid="end-all-sessions">
          Sign out everywhere else
        </Button>
      )}
    </>
  );
}
