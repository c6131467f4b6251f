import { Paper, Table, Title } from '@mantine/core';
import type { FiguresDto, NamedCountDto } from '@palimpsest/protocol/wire';
import { durationInWords, LIMITS, OUTCOMES, ratioInWords } from './figures-in-words.js';

/** What was done, as words and numbers. */
export function FigureList({ figures }: { readonly figures: FiguresDto }) {
  const shown: readonly (readonly [string, string | number])[] = [
    ['Active time', durationInWords(figures.activeSeconds)],
    ['Runs', figures.runs],
    ['Failed runs', figures.failed + figures.limited],
    ['Exceptions', figures.errors],
    ['Error Quotient', ratioInWords(figures.errorQuotient)],
    ['Repeated Error Density', ratioInWords(figures.repeatedErrorDensity)],
    ['Edits', figures.edits],
    ['Characters typed', figures.typed],
    ['Characters pasted', figures.pasted],
    ['Files made', figures.filesMade],
    ['Handed in', figures.lateHandIns === 0 ? figures.handIns : `${figures.handIns}, ${figures.lateHandIns} late`],
    ['Limits reached', figures.limits],
  ];
  return (
    <dl className="metrics-figures" data-testid="metrics-figures">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const KINDS = [
  ['error', 'Exceptions', (name: string) => name],
  ['outcome', 'How runs ended', (name: string) => OUTCOMES[name] ?? name],
  ['limit', 'Limits reached', (name: string) => LIMITS[name] ?? name],
] as const;

/** What has a name, the most frequent first. `ofClass`: says how many people it was. */
export function NamedTables({
  named,
  ofClass,
}: {
  readonly named: readonly NamedCountDto[];
  readonly ofClass: boolean;
}) {
  return KINDS.map(([what, title, inWords]) => {
    const there = named.filter((one) => one.what === what);
    if (there.length === 0) return null;
    return (
      <Paper key={what} component="section" withBorder p="md" aria-label={title}>
        <Title order={2} size="h5" mb="xs">
          {title}
        </Title>
        <Table verticalSpacing={4} data-testid={`metrics-${what}s`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">What</Table.Th>
              <Table.Th scope="col">How often</Table.Th>
              {ofClass && <Table.Th scope="col">People</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {there.map(({ name, count, people }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">{inWords(name)}</Table.Th>
                <Table.Td>{count}</Table.Td>
                {ofClass && <Table.Td>{people}</Table.Td>}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
    );
  });
}
