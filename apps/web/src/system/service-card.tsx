import { Paper, Table, Text, Title } from '@mantine/core';
import type { LatencyDto, ServiceDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api-client.js';
import { bytesInWords, millisecondsInWords, secondsInWords } from './service-in-words.js';

/** Milliseconds: the server itself looks at the database every five seconds at most. */
const LOOK_AGAIN = 5_000;

const NAMES: Readonly<Record<string, string>> = {
  requests: 'Request to the end of its answer',
  edits: 'Edit to its acknowledgement',
  'run start': 'Run asked for to its start',
  'run first output': 'Run asked for to its first output',
};

/** How long the service takes, what waits and what it uses. */
export function ServiceCard() {
  const { data } = useQuery({
    queryKey: ['service'],
    queryFn: () => api.get<ServiceDto>('/api/system/service'),
    refetchInterval: LOOK_AGAIN,
    retry: false,
    gcTime: 0,
  });
  if (data === undefined) return null;
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="system-service-title" data-testid="system-service">
      <Title order={2} size="h5" id="system-service-title" mb="xs">
        Service
      </Title>
      <dl className="system-facts">
        {factsOf(data).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Latencies latencies={data.latencies} />
      <Text size="sm" c="dimmed" mt="xs">
        Of the api process that answers, since it started {secondsInWords(data.uptimeSeconds)} ago; connections, queue
        and lag are of all together.
      </Text>
    </Paper>
  );
}

function factsOf({ shared, ...own }: ServiceDto): readonly (readonly [string, string | number])[] {
  const behind = shared?.lag.filter(({ events }) => events > 0) ?? [];
  const lag = behind.map(({ name, events, seconds }) => `${name}: ${events} events, ${secondsInWords(seconds)}`);
  return [
    ['Event loop held up (99 of 100)', millisecondsInWords(own.loopDelayMs)],
    ['Memory', bytesInWords(own.residentBytes)],
    ['Processor time', secondsInWords(own.cpuSeconds)],
    ['Open sockets, documents', `${own.sockets}, ${own.rooms}`],
    ['Own connections, waiting queries', `${own.poolConnections}, ${own.poolWaiting}`],
    ['Free disk', own.diskFreeBytes === null ? 'not known' : bytesInWords(own.diskFreeBytes)],
    ...(shared
      ? ([
          ['Connections to the database', `${shared.connections} of ${shared.mostConnections}`],
          ['Runs waiting, longest', `${shared.runsWaiting}, ${secondsInWords(shared.longestWaitSeconds)}`],
          ['Executors, places', `${shared.executors}, ${shared.places}`],
          ['Lists behind the log', lag.length === 0 ? 'none' : lag.join('; ')],
        ] as const)
      : ([['Database', 'does not answer']] as const)),
  ];
}

function Latencies({ latencies }: { readonly latencies: readonly LatencyDto[] }) {
  return (
    <Table.ScrollContainer minWidth={520} tabIndex={0} role="region" aria-label="How long things take">
      <Table verticalSpacing={4} mt="sm" data-testid="system-latencies">
        <Table.Thead>
          <Table.Tr>
            {['How long', 'Half within', '95 of 100 within', '99 of 100 within', 'Measured'].map((head) => (
              <Table.Th key={head} scope="col">
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {latencies.map(({ name, count, p50, p95, p99 }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{NAMES[name] ?? name}</Table.Th>
              {[p50, p95, p99].map((ms, n) => (
                <Table.Td key={['p50', 'p95', 'p99'][n]}>{ms === null ? '–' : millisecondsInWords(ms)}</Table.Td>
              ))}
              <Table.Td>{count}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
