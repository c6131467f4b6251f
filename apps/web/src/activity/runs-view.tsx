import { Anchor, Checkbox, Group, NativeSelect, Table, TextInput } from '@mantine/core';
import type { RunDto } from '@palimpsest/protocol/wire';
import { fullTime } from '../clock-time.js';
import { type ActivityOf, runPath } from '../route.js';
import { activityAddress, type ActivityQuery } from './activity-query.js';
import { PagedList } from './paged-list.js';
import { runInWords, usageInWords } from './run-in-words.js';
import { TimeRange } from './time-range.js';

interface Props {
  readonly of: ActivityOf;
  readonly query: ActivityQuery;
  readonly onChange: (query: ActivityQuery) => void;
}

const OUTCOMES = [
  ['', 'However it ended'],
  ['exited', 'Ended by itself'],
  ['cancelled', 'Stopped by a person'],
  ['timed-out', 'Time used up'],
  ['out-of-memory', 'Out of memory'],
  ['output-limit', 'Too much output'],
  ['workspace-limit', 'Too much in its files'],
  ['signalled', 'Ended by a signal'],
  ['interrupted', 'Interrupted by the server'],
  ['refused', 'Not run'],
  ['failed', 'Could not be run'],
] as const;

/** The runs, each with how it ended and what it used; it leads to everything about the run, with the code that ran. */
export function RunsView({ of, query, onChange }: Props) {
  return (
    <>
      <Group gap="sm" align="flex-end" role="search" aria-label="Filter" className="activity-filters">
        <NativeSelect
          label="Outcome"
          data={OUTCOMES.map(([value, label]) => ({ value, label }))}
          value={query.outcome}
          onChange={({ currentTarget }) => onChange({ ...query, outcome: currentTarget.value })}
          data-testid="run-outcome"
        />
        <TextInput
          label="Error"
          placeholder="NameError"
          value={query.exception}
          maxLength={100}
          onChange={({ currentTarget }) => onChange({ ...query, exception: currentTarget.value.replaceAll(' ', '') })}
          data-testid="run-exception"
        />
        <TextInput
          label="Script"
          placeholder="main.py"
          value={query.entry}
          maxLength={1000}
          onChange={({ currentTarget }) => onChange({ ...query, entry: currentTarget.value })}
          data-testid="run-entry"
        />
        <TimeRange query={query} onChange={onChange} />
        <Checkbox
          label="Only with errors"
          checked={query.failed}
          onChange={({ currentTarget }) => onChange({ ...query, failed: currentTarget.checked })}
          data-testid="run-failed"
        />
      </Group>
      <PagedList<RunDto> address={activityAddress(of, query)} what="run">
        {(rows) => <Rows rows={rows} />}
      </PagedList>
    </>
  );
}

function Rows({ rows }: { readonly rows: readonly RunDto[] }) {
  return (
    <Table verticalSpacing={6} striped data-testid="runs">
      <Table.Thead>
        <Table.Tr>
          {['Time', 'Who', 'Script', 'How it ended', 'Used'].map((title) => (
            <Table.Th key={title} scope="col">
              {title}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((run) => (
          <Table.Tr key={run.id} data-testid="run-row">
            <Table.Td className="activity-time">
              <time dateTime={run.requestedAt}>{fullTime(Date.parse(run.requestedAt))}</time>
            </Table.Td>
            <Table.Td>{run.byName}</Table.Td>
            <Table.Td>
              <Anchor href={runPath(run.id)} size="sm">
                {run.entry ?? 'Python prompt'}
              </Anchor>
            </Table.Td>
            <Table.Td>{runInWords(run)}</Table.Td>
            <Table.Td>{usageInWords(run)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
