import { Button, Group, Stack, Table, Text } from '@mantine/core';
import type { ReceiptDto } from '@palimpsest/protocol/wire';
import { fullTime } from '../clock-time.js';
import { CopyButton } from '../copy-button.js';
import { ProofButton } from '../proof-button.js';

/** What was handed in, to be kept: it can be printed, and the server verifies it whenever it is asked. */
export function Receipt({ receipt }: { readonly receipt: ReceiptDto }) {
  const { title, byName, at, late, deadline, digest, id, files, verified } = receipt;
  const facts: readonly (readonly [name: string, value: string])[] = [
    ['Handed in', title],
    ['By', byName],
    ['At', `${fullTime(Date.parse(at))}${late ? ', late' : ', in time'} (the server’s clock: ${at})`],
    ...(deadline === null ? [] : ([['Time was until', fullTime(Date.parse(deadline))]] as const)),
    ['Receipt', id],
    ['Digest of the contents (SHA-256)', digest],
    ['Verified just now', verified ? 'yes: the log has exactly these contents' : 'NO: ask your teacher'],
  ];
  return (
    <Stack gap="sm" className="receipt" data-testid="receipt">
      <Table withRowBorders={false}>
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td className="receipt-digest">{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm">{files.length === 1 ? '1 file' : `${files.length} files`}</Text>
      <Table>
        <Table.Tbody>
          {files.map(({ path, size, sha256 }) => (
            <Table.Tr key={path}>
              <Table.Td>{path}</Table.Td>
              <Table.Td>{size} bytes</Table.Td>
              <Table.Td className="receipt-digest">
                <Text size="xs" ff="monospace">
                  {sha256}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm">
        The proof is a file to keep with your work: it shows what you handed in and when, also without this server.
      </Text>
      <Group>
        <Button variant="default" onClick={() => window.print()}>
          Print
        </Button>
        <ProofButton address={`/api/receipts/${id}/proof`} name={`receipt-${id}.json`} />
        <CopyButton text={() => id} label="Copy the receipt’s number" />
      </Group>
    </Stack>
  );
}
