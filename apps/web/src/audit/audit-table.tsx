import { Table } from '@mantine/core';
import type { AuditEntryDto } from '@palimpsest/protocol/wire';
import { memo } from 'react';
import { fullTime } from '../clock-time.js';

const COLUMNS = ['Time', 'Who', 'Affected person', 'Action', 'Object', 'What happened', 'Via', 'Address'] as const;

/** The entries, newest first. It scrolls sideways by itself on a narrow page. */
export function AuditTable({ entries }: { readonly entries: readonly AuditEntryDto[] }) {
  return (
    <Table.ScrollContainer minWidth={900} className="audit-scroll" tabIndex={0} role="region" aria-label="Events">
      <Table
        stickyHeader
        striped
        highlightOnHover
        verticalSpacing={6}
        className="audit-table"
        data-testid="audit-table"
      >
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((column) => (
              <Table.Th key={column} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const NONE = '–';

const Row = memo(function Row({ entry }: { readonly entry: AuditEntryDto }) {
  return (
    <Table.Tr data-testid="audit-row" data-type={entry.type}>
      <Table.Td className="audit-time">
        <time dateTime={entry.at}>{fullTime(Date.parse(entry.at))}</time>
      </Table.Td>
      <Table.Td>
        {entry.actorName}
        {entry.actorRole !== entry.actorName && <span className="audit-role"> {entry.actorRole}</span>}
      </Table.Td>
      <Table.Td>{entry.subjectName ?? NONE}</Table.Td>
      <Table.Td>{entry.type}</Table.Td>
      <Table.Td>{entry.object || NONE}</Table.Td>
      <Table.Td>{entry.summary}</Table.Td>
      <Table.Td>{entry.via}</Table.Td>
      <Table.Td>{entry.address ?? NONE}</Table.Td>
    </Table.Tr>
  );
});
