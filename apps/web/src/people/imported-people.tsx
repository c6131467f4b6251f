import { Alert, Button, Stack, Table, Text } from '@mantine/core';
import { firstPasswordsCsv, type RosterImportedDto } from '@palimpsest/protocol/wire';
import { useEffect, useMemo } from 'react';
import { countsInWords } from './roster-table.js';

interface Props {
  readonly imported: RosterImportedDto;
  readonly title: string;
  readonly onAgain: () => void;
}

/** What an import has done, and the first passwords, which nobody can be shown again. */
export function ImportedPeople({ imported, title, onAgain }: Props) {
  const { counts, firstPasswords, problems } = imported;
  const address = useMemo(
    () => URL.createObjectURL(new Blob([firstPasswordsCsv(firstPasswords)], { type: 'text/csv' })),
    [firstPasswords],
  );
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  return (
    <Stack gap="md" align="flex-start">
      <Text fw={600} role="status" data-testid="roster-done">
        Done: {countsInWords(counts)}
      </Text>
      {problems.length > 0 && (
        <Alert color="red" role="alert" title="Not done after all">
          {problems.join(' ')}
        </Alert>
      )}
      {firstPasswords.length > 0 && (
        <>
          <Alert color="yellow" className="people-once" title="First passwords: they are shown this once">
            Each works for one thing only: signing in and choosing another. Save the file, hand the passwords out, and
            delete it.
          </Alert>
          <Button
            component="a"
            href={address}
            download={`first passwords ${title.replace(/[^\p{L}\p{N} -]/gu, '')}.csv`}
            data-testid="download-passwords"
          >
            Save them as a file
          </Button>
          <Table data-testid="first-passwords">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>User name</Table.Th>
                <Table.Th>Name</Table.Th>
                <Table.Th>First password</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {firstPasswords.map(({ username, displayName, password }) => (
                <Table.Tr key={username}>
                  <Table.Td>{username}</Table.Td>
                  <Table.Td>{displayName}</Table.Td>
                  <Table.Td className="people-link" data-testid={`password-of-${username}`}>
                    {password}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
      <Button variant="default" onClick={onAgain}>
        Another file
      </Button>
    </Stack>
  );
}
