import { Anchor, Checkbox, Group, Table } from '@mantine/core';
import type { ActivityEntryDto, ActivityKindName } from '@palimpsest/protocol/wire';
import { fullTime } from '../clock-time.js';
import { type ActivityOf, momentPath, runPath } from '../route.js';
import { activityAddress, type ActivityQuery, KINDS } from './activity-query.js';
import { PagedList } from './paged-list.js';
import { AllSessions, TimeRange } from './time-range.js';

interface Props {
  readonly of: ActivityOf;
  readonly query: ActivityQuery;
  readonly onChange: (query: ActivityQuery) => void;
}

/** What happened, row by row; each leads to the moment in the history of its file, or to its run. */
export function TimelineView({ of, query, onChange }: Props) {
  return (
    <>
      <Filters query={query} onChange={onChange} />
      <PagedList<ActivityEntryDto> address={activityAddress(of, query)} what="event">
        {(rows) => <Rows rows={rows} isOfPerson={'person' in of} />}
      </PagedList>
    </>
  );
}

function Filters({ query, onChange }: Omit<Props, 'of'>) {
  return (
    <div className="activity-filters" role="search" aria-label="Filter">
      <Checkbox.Group
        label="Only"
        value={[...query.kinds]}
        onChange={(kinds) => onChange({ ...query, kinds: kinds as ActivityKindName[] })}
      >
        <Group gap="sm" mt={6}>
          {KINDS.map(([kind, label]) => (
            <Checkbox key={kind} value={kind} label={label} size="xs" data-testid={`kind-${kind}`} />
          ))}
        </Group>
      </Checkbox.Group>
      <Group gap="sm" align="flex-end">
        <TimeRange query={query} onChange={onChange} />
        <AllSessions query={query} onChange={onChange} />
      </Group>
    </div>
  );
}

function Rows({ rows, isOfPerson }: { readonly rows: readonly ActivityEntryDto[]; readonly isOfPerson: boolean }) {
  return (
    <Table verticalSpacing={6} striped data-testid="timeline">
      <Table.Thead>
        <Table.Tr>
          {['Time', isOfPerson ? 'Where' : 'Who', 'What', 'Leads to'].map((title) => (
            <Table.Th key={title} scope="col">
              {title}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.id} data-testid="timeline-row" data-kind={row.kind}>
            <Table.Td className="activity-time">
              <time dateTime={row.at}>{fullTime(Date.parse(row.at))}</time>
            </Table.Td>
            <Table.Td>{isOfPerson ? (row.workspaceName ?? '–') : row.byName}</Table.Td>
            <Table.Td className="activity-text">
              {row.failed && <strong>Failed: </strong>}
              {row.text}
            </Table.Td>
            <Table.Td>
              <Lead row={row} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** A run has a page of its own; of a text, History shows the moment at which the row ends. */
function Lead({ row }: { readonly row: ActivityEntryDto }) {
  const { run, workspace, file, until, at, path } = row;
  if (run !== null)
    return (
      <Anchor href={runPath(run)} size="sm" data-testid="to-run">
        The run
      </Anchor>
    );
  if (workspace === null || file === null) return null;
  return (
    <Anchor href={momentPath(workspace, file, until ?? at)} size="sm" data-testid="to-moment">
      History<span className="visually-hidden"> of {path} at this moment</span>
    </Anchor>
  );
}
