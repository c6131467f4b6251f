import { Button, Select, Table } from '@mantine/core';
import type { StudentMetricsDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { dayAndTime } from '../clock-time.js';
import { durationInWords, inOrder, type Order, ORDERS, ratioInWords } from './figures-in-words.js';

const COLUMNS = [
  'Student',
  'Last seen',
  'Active time',
  'Runs',
  'Failed',
  'Error Quotient',
  'Error density',
  'Handed in',
  'Limits',
  'More',
];

interface Props {
  readonly students: readonly StudentMetricsDto[];
  readonly onShow: (student: StudentMetricsDto) => void;
}

/** Everybody, in an order that puts those first who may need help. */
export function StudentTable({ students, onShow }: Props) {
  const [order, setOrder] = useState<Order>('name');
  return (
    <>
      <Select
        label="In the order of"
        data={Object.entries(ORDERS).map(([value, label]) => ({ value, label }))}
        value={order}
        onChange={(chosen) => chosen !== null && setOrder(chosen as Order)}
        allowDeselect={false}
        maw={280}
        mb="xs"
        data-testid="metrics-order"
      />
      <Table.ScrollContainer minWidth={820} tabIndex={0} role="region" aria-label="Figures of each student">
        <Table verticalSpacing={4} data-testid="metrics-students">
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
            {inOrder(students, order).map((student) => (
              <Row key={student.person} student={student} onShow={onShow} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function Row({ student, onShow }: { readonly student: StudentMetricsDto; readonly onShow: Props['onShow'] }) {
  const { displayName, username, lastSeenAt, figures } = student;
  const cells = [
    lastSeenAt === null ? 'never' : dayAndTime(Date.parse(lastSeenAt)),
    durationInWords(figures.activeSeconds),
    figures.runs,
    figures.failed + figures.limited,
    ratioInWords(figures.errorQuotient),
    ratioInWords(figures.repeatedErrorDensity),
    figures.lateHandIns === 0 ? figures.handIns : `${figures.handIns} (${figures.lateHandIns} late)`,
    figures.limits,
  ];
  return (
    <Table.Tr data-testid="metrics-student" data-username={username}>
      <Table.Th scope="row">{displayName}</Table.Th>
      {cells.map((cell, n) => (
        <Table.Td key={COLUMNS[n + 1]}>{cell}</Table.Td>
      ))}
      <Table.Td>
        <Button size="compact-xs" variant="default" onClick={() => onShow(student)} data-testid="metrics-show">
          Days<span className="visually-hidden"> of {displayName}</span>
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
