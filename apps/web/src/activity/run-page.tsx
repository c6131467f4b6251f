import { Alert, Anchor, Group, Table, Text, Title } from '@mantine/core';
import type { RunDetailDto, RunErrorDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { fullTime } from '../clock-time.js';
import { FigureStrip } from '../console/figure-strip.js';
import { Patience } from '../patience.js';
import { plainText } from '../plain-text.js';
import { activityPath } from '../route.js';
import './activity.css';
import { RunCode } from './run-code.js';
import { runInWords, usageInWords } from './run-in-words.js';

/** Milliseconds between two looks at a run that goes on. */
const POLL = 3_000;

/** Everything about one run: how it ended, what it used, printed, was given, raised and left behind, and the code that ran. */
export default function RunPage({ id }: { readonly id: string }) {
  const { data, error } = useQuery({
    queryKey: ['run', id],
    queryFn: () => api.get<RunDetailDto>(`/api/runs/${id}`),
    refetchInterval: ({ state }) => (state.data?.state === 'finished' ? false : POLL),
  });
  if (error)
    return (
      <Alert m="md" color="red" role="alert" data-testid="run-problem">
        {sentenceOf(error)}
      </Alert>
    );
  if (!data) return <Patience what="Asking for the run" />;
  return (
    <div className="run-page" role="region" aria-labelledby="run-title" tabIndex={0} data-testid="run-page">
      <Head run={data} />
      <Output run={data} />
      {data.inputs.length > 0 && <Inputs run={data} />}
      {data.raised.map((raised, n) => (
        <RaisedError key={n} error={raised} />
      ))}
      {data.figures.length > 0 && (
        <section aria-label="Plots">
          <FigureStrip run={data.id} figures={data.figures} />
        </section>
      )}
      {data.produced.length + data.notKept.length > 0 && <Left run={data} />}
      <RunCode run={data} />
    </div>
  );
}

function Head({ run }: { readonly run: RunDetailDto }) {
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3" id="run-title">
          {run.entry ?? 'Python prompt'}, run by {run.byName}
        </Title>
        <Anchor href={`${activityPath({ workspace: run.workspace })}?view=runs`}>All runs of this workspace</Anchor>
      </Group>
      <Table withRowBorders={false} w="auto" my="sm">
        <Table.Tbody>
          <Fact name="Asked for">{fullTime(Date.parse(run.requestedAt))}</Fact>
          <Fact name="How it ended" testId="run-ending">
            {runInWords(run)}
          </Fact>
          <Fact name="Used">{usageInWords(run)}</Fact>
        </Table.Tbody>
      </Table>
    </>
  );
}

interface FactProps {
  readonly name: string;
  readonly testId?: string;
  readonly children: React.ReactNode;
}

function Fact({ name, testId, children }: FactProps) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        {name}
      </Table.Th>
      <Table.Td data-testid={testId}>{children}</Table.Td>
    </Table.Tr>
  );
}

function Output({ run }: { readonly run: RunDetailDto }) {
  const isCut = run.outputLength > run.output.length;
  return (
    <section aria-label="Output">
      <Title order={2} size="h5" mb="xs">
        Output
      </Title>
      {run.outputLength === 0 ? (
        <Text size="sm" c="dimmed">
          It printed nothing.
        </Text>
      ) : (
        <pre className="run-text" tabIndex={0} data-testid="run-output">
          {plainText(run.output)}
        </pre>
      )}
      {run.outputLength > 0 && (
        <Anchor href={`/api/runs/${run.id}/output`} size="sm" download={`output-${run.id.slice(0, 8)}.txt`}>
          {isCut ? `Save all of it (${run.outputLength} characters; the beginning is shown)` : 'Save it'}
        </Anchor>
      )}
    </section>
  );
}

function Inputs({ run }: { readonly run: RunDetailDto }) {
  return (
    <section aria-label="Input">
      <Title order={2} size="h5" mb="xs">
        Input
      </Title>
      <ul data-testid="run-inputs">
        {run.inputs.map(({ at, byName, text }, n) => (
          <li key={n}>
            <Text size="sm" component="span">
              {fullTime(Date.parse(at))}, {byName}: <code>{plainText(text.replaceAll('\r', '⏎'))}</code>
            </Text>
          </li>
        ))}
      </ul>
    </section>
  );
}

function RaisedError({ error }: { readonly error: RunErrorDto }) {
  const { exception, message, path, line, explanation, traceback } = error;
  return (
    <section aria-label={`Error: ${exception}`} data-testid="run-error">
      <Title order={2} size="h5">
        {exception}
        {message !== '' && `: ${message}`}
      </Title>
      {path !== null && line !== null && (
        <Text size="sm">
          {path}, line {line}
        </Text>
      )}
      {explanation !== null && <Text size="sm">{explanation}</Text>}
      <details>
        <summary>Everything that Python says</summary>
        <pre className="run-text" tabIndex={0}>
          {traceback}
        </pre>
      </details>
    </section>
  );
}

function Left({ run }: { readonly run: RunDetailDto }) {
  return (
    <section aria-label="Files of the program">
      <Title order={2} size="h5" mb="xs">
        Files of the program
      </Title>
      <ul>
        {[...run.produced.map(({ text }) => text), ...run.notKept].map((text, n) => (
          <li key={n}>{text}</li>
        ))}
      </ul>
    </section>
  );
}
