import { Anchor, Table } from '@mantine/core';
import type { SessionActivityDto } from '@palimpsest/protocol/wire';
import { fullTime } from '../clock-time.js';
import { type ActivityOf, activityPath } from '../route.js';
import { activityAddress, type ActivityQuery, formatActivityQuery } from './activity-query.js';
import { PagedList } from './paged-list.js';
import { durationInWords } from './run-in-words.js';

interface Props {
  readonly of: ActivityOf;
  readonly query: ActivityQuery;
}

const COLUMNS = ['Began', 'Last seen', 'Time of typing', 'Edits', 'Characters', 'Files', 'Runs', 'Replay'] as const;

/** The sessions of a person; each leads to its timeline. */
export function SessionsView({ of, query }: Props) {
  const viewOf = (view: 'timeline' | 'play', session: string) =>
    `${activityPath(of)}${formatActivityQuery({ ...query, view, kinds: [], session })}`;
  return (
    <PagedList<SessionActivityDto> address={activityAddress(of, query)} what="session">
      {(rows) => (
        <Table verticalSpacing={6} striped data-testid="sessions">
          <Table.Thead>
            <Table.Tr>
              {COLUMNS.map((title) => (
                <Table.Th key={title} scope="col">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.session} data-testid="session-row">
                <Table.Td className="activity-time">
                  <Anchor href={viewOf('timeline', row.session)} size="sm">
                    {fullTime(Date.parse(row.began))}
                  </Anchor>
                </Table.Td>
                <Table.Td className="activity-time">
                  {fullTime(Date.parse(row.ended))}
                  {row.isOver && ', ended'}
                </Table.Td>
                <Table.Td>{durationInWords(row.activeSeconds)}</Table.Td>
                <Table.Td>{row.edits}</Table.Td>
                <Table.Td>
                  {row.inserted} typed, {row.removed} removed
                </Table.Td>
                <Table.Td>{row.files}</Table.Td>
                <Table.Td>
                  {row.runs}
                  {row.failedRuns > 0 && `, ${row.failedRuns} with errors`}
                </Table.Td>
                <Table.Td>
                  <Anchor href={viewOf('play', row.session)} size="sm" data-testid="play-session">
                    Play<span className="visually-hidden"> the session of {fullTime(Date.parse(row.began))}</span>
                  </Anchor>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </PagedList>
  );
}
