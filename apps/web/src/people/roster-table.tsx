import { Table, Text } from '@mantine/core';
import type { RosterChange, RosterPreviewDto, RosterRowDto } from '@palimpsest/protocol/wire';

const WORDS: Readonly<Record<RosterChange, string>> = {
  'new-account': 'new account',
  enrolled: 'comes in',
  changed: 'changed',
  unchanged: 'as it is',
  removed: 'leaves',
  error: 'error',
};

const ORDER: readonly RosterChange[] = ['error', 'new-account', 'enrolled', 'changed', 'removed', 'unchanged'];

/** Rows that are drawn: a browser with all 2,000 of a school would stand still for a second at each change. */
const DRAWN = 300;

export function countsInWords(counts: RosterPreviewDto['counts']): string {
  const said: Readonly<Record<RosterChange, readonly [one: string, more: string]>> = {
    ...{ 'new-account': ['new account', 'new accounts'], enrolled: ['comes in', 'come in'] },
    ...{ changed: ['changed', 'changed'], removed: ['leaves', 'leave'] },
    ...{ unchanged: ['as it is', 'as they are'], error: ['error', 'errors'] },
  };
  return `${ORDER.filter((change) => counts[change] > 0)
    .map((change) => `${counts[change]} ${said[change][counts[change] === 1 ? 0 : 1]}`)
    .join(', ')}.`;
}

/** What a roster would change, errors first. */
export function RosterTable({ rows }: { readonly rows: readonly RosterRowDto[] }) {
  const sorted = [...rows].sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
  return (
    <>
      <Table data-testid="roster-rows">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Line</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>User name</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>More</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.slice(0, DRAWN).map(({ line, username, displayName, role, change, detail }) => (
            <Table.Tr key={`${line ?? 'no line'} ${username}`} data-change={change}>
              <Table.Td>{line ?? '–'}</Table.Td>
              <Table.Td>{WORDS[change]}</Table.Td>
              <Table.Td>{username}</Table.Td>
              <Table.Td>{displayName}</Table.Td>
              <Table.Td>{role}</Table.Td>
              <Table.Td>{detail}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {sorted.length > DRAWN && (
        <Text size="sm" c="dimmed">
          And {sorted.length - DRAWN} more rows.
        </Text>
      )}
    </>
  );
}
