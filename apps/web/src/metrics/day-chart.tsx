import { Table } from '@mantine/core';
import type { DayMetricsDto } from '@palimpsest/protocol/wire';
import { useId } from 'react';
import { durationInWords } from './figures-in-words.js';

/** Outcomes from the bottom of a bar to its top. Told apart by pattern and place as well as by colour, and by the table. */
const PARTS = [
  ['completed', 'ended well'],
  ['failed', 'failed'],
  ['limited', 'stopped by a limit'],
  ['cancelled', 'stopped by a person'],
  ['lost', 'not run by our fault'],
] as const;

const HEIGHT = 120;
const BAR = 16;
const GAP = 6;

/** Runs of each day by their outcome: a picture, and the same as a table. */
export function DayChart({ days }: { readonly days: readonly DayMetricsDto[] }) {
  if (days.length === 0) return <p className="metrics-none">Nothing happened in these days.</p>;
  return (
    <>
      <Bars days={days} />
      <details>
        <summary>The same as a table</summary>
        <Days days={days} />
      </details>
    </>
  );
}

function Bars({ days }: { readonly days: readonly DayMetricsDto[] }) {
  const title = useId();
  const most = Math.max(1, ...days.map(({ runs }) => runs));
  const total = days.reduce((sum, { runs }) => sum + runs, 0);
  const width = days.length * (BAR + GAP);
  return (
    <div className="metrics-chart">
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-labelledby={title}>
        <title
          id={title}
        >{`Runs of ${days.length} days, ${total} in all, at most ${most} on one day. The table below has every figure.`}</title>
        {days.map((day, n) => (
          <Bar key={day.day} day={day} x={n * (BAR + GAP)} scale={HEIGHT / most} />
        ))}
      </svg>
      <ul className="metrics-legend" aria-hidden>
        {PARTS.map(([part, words]) => (
          <li key={part} data-part={part}>
            {words}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Bar({ day, x, scale }: { readonly day: DayMetricsDto; readonly x: number; readonly scale: number }) {
  const upTo = (last: number) => PARTS.slice(0, last + 1).reduce((sum, [part]) => sum + day[part], 0);
  return (
    <g>
      {PARTS.map(([part], n) =>
        day[part] === 0 ? null : (
          <rect
            key={part}
            className="metrics-bar"
            data-part={part}
            {...{ x, y: HEIGHT - upTo(n) * scale, width: BAR, height: day[part] * scale }}
          />
        ),
      )}
    </g>
  );
}

const HEADS = [
  'Day (UTC)',
  'People',
  'Runs',
  'Ended well',
  'Failed',
  'By a limit',
  'By a person',
  'Our fault',
  'Active time',
];

function Days({ days }: { readonly days: readonly DayMetricsDto[] }) {
  return (
    <Table.ScrollContainer minWidth={640} tabIndex={0} role="region" aria-label="Runs of each day">
      <Table verticalSpacing={4} data-testid="metrics-days">
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => (
              <Table.Th key={head} scope="col">
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {days.map((day) => (
            <Table.Tr key={day.day}>
              <Table.Th scope="row">{day.day}</Table.Th>
              {[day.people, day.runs, day.completed, day.failed, day.limited, day.cancelled, day.lost].map(
                (count, n) => (
                  <Table.Td key={HEADS[n + 1]}>{count}</Table.Td>
                ),
              )}
              <Table.Td>{durationInWords(day.activeSeconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
