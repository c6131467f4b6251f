import { Table, Text } from '@mantine/core';
import type { AuditHistogramDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';

const HEIGHT = 48;

/** How many there were over time: as bars, and for who does not see them as a table. */
export function AuditHistogram({ histogram }: { readonly histogram: AuditHistogramDto }) {
  const { bars, bucketSeconds, total, isComplete } = histogram;
  const [first] = bars;
  if (!first) return null;
  const begin = Date.parse(first.at);
  const place = (at: string) => Math.round((Date.parse(at) - begin) / 1_000 / bucketSeconds);
  const last = place(bars.at(-1)?.at ?? first.at);
  const most = Math.max(...bars.map(({ count }) => count));
  const sentence = `${inWords(total, isComplete)} since ${dayAndTime(begin)}; each bar is ${widthInWords(bucketSeconds)}, the highest ${most.toLocaleString()}`;
  return (
    <figure className="audit-histogram">
      <svg
        role="img"
        aria-label={sentence}
        viewBox={`0 0 ${last + 1} ${HEIGHT}`}
        preserveAspectRatio="none"
        data-testid="audit-histogram"
      >
        {bars.map(({ at, count }) => {
          const height = Math.max(1, (count / most) * HEIGHT);
          return <rect key={at} x={place(at) + 0.1} y={HEIGHT - height} width={0.8} height={height} />;
        })}
      </svg>
      <figcaption>
        <Text size="sm" c="dimmed" data-testid="audit-total">
          {sentence}.
        </Text>
        <details>
          <summary>As a table</summary>
          <Table fz="sm" verticalSpacing={2} className="audit-bars">
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">From</Table.Th>
                <Table.Th scope="col">Entries</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {bars.map(({ at, count }) => (
                <Table.Tr key={at}>
                  <Table.Td>{dayAndTime(Date.parse(at))}</Table.Td>
                  <Table.Td>{count.toLocaleString()}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </details>
      </figcaption>
    </figure>
  );
}

function inWords(total: number, isComplete: boolean): string {
  const entries = `${total.toLocaleString()} ${total === 1 ? 'entry' : 'entries'}`;
  return isComplete ? entries : `The newest ${entries} of more,`;
}

function widthInWords(seconds: number): string {
  const hours = seconds / 3_600;
  if (hours < 24) return hours === 1 ? 'an hour' : `${hours} hours`;
  return hours === 24 ? 'a day' : `${hours / 24} days`;
}
