import { Anchor, Button, Group, Table } from '@mantine/core';
import type { AuditEntryDto } from '@palimpsest/protocol/wire';
import { Fragment, memo, useState } from 'react';
import { fullTime } from '../clock-time.js';
import { ProofButton } from '../proof-button.js';
import { momentPath } from '../route.js';

const COLUMNS = [
  'Time',
  'Who',
  'Affected person',
  'Action',
  'Object',
  'What happened',
  'Outcome',
  'Origin',
  'Address',
  'More',
] as const;

/** The entries, newest first. It scrolls sideways by itself on a narrow page. */
export function AuditTable({ entries }: { readonly entries: readonly AuditEntryDto[] }) {
  return (
    <Table.ScrollContainer minWidth={1000} className="audit-scroll" tabIndex={0} role="region" aria-label="Events">
      <Table stickyHeader highlightOnHover verticalSpacing={6} className="audit-table" data-testid="audit-table">
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
            <Row key={entry.entry} entry={entry} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const NONE = '–';

const Row = memo(function Row({ entry }: { readonly entry: AuditEntryDto }) {
  const [isOpen, setOpen] = useState(false);
  const detail = `audit-detail-${entry.entry}`;
  return (
    <Fragment>
      <Table.Tr data-testid="audit-row" data-type={entry.type} data-outcome={entry.outcome}>
        <Table.Td className="audit-time">
          <time dateTime={entry.at}>{fullTime(Date.parse(entry.at))}</time>
        </Table.Td>
        <Table.Td>
          {entry.actorName}
          {entry.actorRole !== entry.actorName && <span className="audit-role"> {entry.actorRole}</span>}
        </Table.Td>
        <Table.Td>{entry.subjectName ?? entry.subjectId ?? NONE}</Table.Td>
        <Table.Td>{entry.action}</Table.Td>
        <Table.Td>{entry.object || NONE}</Table.Td>
        <Table.Td>{entry.summary}</Table.Td>
        <Table.Td className="audit-outcome">{entry.outcome}</Table.Td>
        <Table.Td>{entry.via}</Table.Td>
        <Table.Td>{entry.address ?? NONE}</Table.Td>
        <Table.Td>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-expanded={isOpen}
            aria-controls={detail}
            onClick={() => setOpen(!isOpen)}
            data-testid="audit-more"
          >
            {isOpen ? 'Less' : 'Details'}
          </Button>
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr id={detail} data-testid="audit-detail">
          <Table.Td colSpan={COLUMNS.length}>
            <Detail entry={entry} />
          </Table.Td>
        </Table.Tr>
      )}
    </Fragment>
  );
});

/** Everything that is known of an entry, and the way to the moment where it happened. */
function Detail({ entry }: { readonly entry: AuditEntryDto }) {
  const known = Object.entries({
    'Type of event': entry.type,
    'Kind of object': entry.objectKind,
    'Id of object': entry.objectId,
    Session: entry.session,
    Course: entry.courseName ?? entry.course,
    Workspace: entry.workspace,
    File: entry.file,
    'Id of who': entry.actorId,
    'Id of affected person': entry.subjectId,
    Stream: entry.stream,
    Revision: entry.lastRevision === null ? entry.revision : `${entry.revision} to ${entry.lastRevision}`,
    'Place in the log': entry.position,
    Event: entry.id,
    'Time (UTC)': entry.at,
  }).filter(([, value]) => value !== null);
  const replay = replayOf(entry);
  return (
    <>
      <dl className="audit-known">
        {known.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Group gap="md">
        <ProofButton
          address={`/api/evidence/proof?stream=${encodeURIComponent(entry.stream)}&revision=${entry.revision}`}
          name={`proof-${entry.id}.json`}
        />
        {replay !== undefined && (
          <Anchor href={replay} size="sm" data-testid="audit-replay">
            Open this moment in replay
          </Anchor>
        )}
      </Group>
    </>
  );
}

/** Of what happened to a file or a run of it. Whether the reader may look there, the page there says. */
function replayOf({ workspace, file, at }: AuditEntryDto): string | undefined {
  if (workspace === null || file === null) return undefined;
  return momentPath(workspace, file, at);
}
