import { Progress, Table } from '@mantine/core';
import type { ProjectionStateDto, RebuildStateDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';
import { StateBadge } from './state-badge.js';
import { counted, percent, rebuildInWords, stateInWords, versionInWords } from './state-in-words.js';

const COLUMNS = ['Name', 'State', 'Kind', 'Version', 'Read up to', 'Last change'] as const;

const KINDS = { 'read-model': 'read model', reactor: 'reactor' } as const;

/** What those of this program are for. */
const PURPOSES: Readonly<Record<string, string>> = {
  directory: 'people, courses, workspaces, files',
  runs: 'runs and how they ended',
  audit: 'the table of the page "Audit"',
  metrics: 'figures of each course',
  'run-queue': 'hands runs to the executor',
  evidence: 'the tree whose roots are signed',
};

/** It scrolls sideways by itself on a narrow page. */
export function ProjectionTable({ projections }: { readonly projections: readonly ProjectionStateDto[] }) {
  return (
    <Table.ScrollContainer minWidth={760} tabIndex={0} role="region" aria-labelledby="system-projections-title">
      <Table verticalSpacing="xs" className="system-table">
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((column) => (
              <Table.Th key={column} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        {projections.map((projection) => (
          <Table.Tbody key={projection.name}>
            <Row projection={projection} />
            <Details projection={projection} />
          </Table.Tbody>
        ))}
      </Table>
    </Table.ScrollContainer>
  );
}

const NONE = '–';

function Row({ projection }: { readonly projection: ProjectionStateDto }) {
  const { name, kind, state, share, position, updatedAt } = projection;
  return (
    <Table.Tr data-testid="system-projection" data-name={name}>
      <Table.Th scope="row">
        {name}
        {PURPOSES[name] !== undefined && <div className="system-purpose">{PURPOSES[name]}</div>}
      </Table.Th>
      <Table.Td>
        <StateBadge state={stateInWords(projection)} testId="system-state" />
        {state === 'behind' && share !== null && (
          <Bar share={share} label={`${name}: part of the log that it has read`} />
        )}
      </Table.Td>
      <Table.Td className="system-kind">{KINDS[kind]}</Table.Td>
      <Table.Td>{versionInWords(projection)}</Table.Td>
      <Table.Td className="system-mono">{position ?? NONE}</Table.Td>
      <Table.Td className="system-time">
        {updatedAt === null ? NONE : <time dateTime={updatedAt}>{dayAndTime(Date.parse(updatedAt))}</time>}
      </Table.Td>
    </Table.Tr>
  );
}

/** What does not fit into a cell: what is wrong, what is left out, what is being built. */
function Details({ projection: { name, fault, skipped, rebuild } }: { readonly projection: ProjectionStateDto }) {
  if (fault === null && skipped === 0 && rebuild === null) return null;
  return (
    <Table.Tr className="system-details">
      <Table.Td colSpan={COLUMNS.length}>
        <div className="system-details-text">
          {fault !== null && (
            <p className="system-fault" data-testid="system-fault">
              {fault}
            </p>
          )}
          {skipped > 0 && <p>{counted(skipped, 'event')} left out by hand.</p>}
          {rebuild !== null && <Rebuild name={name} rebuild={rebuild} />}
        </div>
      </Table.Td>
    </Table.Tr>
  );
}

function Rebuild({ name, rebuild }: { readonly name: string; readonly rebuild: RebuildStateDto }) {
  return (
    <div data-testid="system-rebuild" data-name={name}>
      <p>
        {rebuildInWords(rebuild)} It began at{' '}
        <time dateTime={rebuild.startedAt}>{dayAndTime(Date.parse(rebuild.startedAt))}</time>.
      </p>
      {rebuild.share !== null && (
        <Bar share={rebuild.share} label={`${name}: part of the log that the rebuild has read`} />
      )}
      {rebuild.fault !== null && <p className="system-fault">{rebuild.fault}</p>}
    </div>
  );
}

function Bar({ share, label }: { readonly share: number; readonly label: string }) {
  return <Progress className="system-bar" value={percent(share)} aria-label={label} mt={6} />;
}
