import { Alert, Anchor, Group, NativeSelect, Switch, Text, Title } from '@mantine/core';
import type { RunCodeDto, RunCodeFileDto, RunDetailDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';
import { momentPath } from '../route.js';
import { CodeView } from './code-view.js';
import { lineChanges } from './line-changes.js';

/** The code that a run ran, file by file: it never changes, so it is asked for once. */
export function RunCode({ run }: { readonly run: RunDetailDto }) {
  const { data, error } = useQuery({
    queryKey: ['run-code', run.id],
    queryFn: () => api.get<RunCodeDto>(`/api/runs/${run.id}/code`),
    staleTime: Infinity,
  });
  const [chosen, setChosen] = useState<string | null>(null);
  const first = run.raised.find(({ path }) => path !== null)?.path ?? run.entry;
  const file =
    data?.files.find(({ path }) => path === chosen) ?? data?.files.find(({ path }) => path === first) ?? data?.files[0];
  return (
    <section aria-label="The code that ran">
      <Title order={2} size="h5" mb="xs">
        The code that ran
      </Title>
      {error && <Problem error={error} />}
      {!data && !error && <Patience what="Asking for the code" />}
      {data && !file && <Text size="sm">There were no files.</Text>}
      {data && file && (
        <>
          <NativeSelect
            label="File"
            data={data.files.map(({ path }) => path)}
            value={file.path}
            onChange={({ currentTarget }) => setChosen(currentTarget.value)}
            mb="xs"
            w="20rem"
            data-testid="run-file"
          />
          <CodeFile key={file.path} run={run} file={file} />
        </>
      )}
    </section>
  );
}

function Problem({ error }: { readonly error: Error }) {
  return (
    <Alert color="red" role="alert">
      {sentenceOf(error)}
    </Alert>
  );
}

interface FileProps {
  readonly run: RunDetailDto;
  readonly file: RunCodeFileDto;
}

function CodeFile({ run, file }: FileProps) {
  const address = `/api/runs/${run.id}/code/${encodeURIComponent(file.path)}`;
  const { data, error } = useQuery({
    queryKey: ['run-code', run.id, file.path],
    queryFn: () => api.text(address),
    enabled: file.kind === 'text',
    staleTime: Infinity,
  });
  const [isCompared, setCompared] = useState(false);
  const raised = run.raised.find(({ path, line }) => path === file.path && line !== null);
  if (error) return <Problem error={error} />;
  return (
    <>
      <Group mb="xs" gap="md">
        <Anchor href={address} size="sm" download={file.path.split('/').at(-1)}>
          Save this file
        </Anchor>
        <Anchor href={momentPath(run.workspace, file.file, run.requestedAt)} size="sm">
          History at this moment
        </Anchor>
        {file.kind === 'text' && (
          <Switch
            label="Compare with the file as it is now"
            checked={isCompared}
            onChange={({ currentTarget }) => setCompared(currentTarget.checked)}
            data-testid="run-compare"
          />
        )}
      </Group>
      {file.kind === 'binary' && <Text size="sm">A binary file of {file.size} bytes: it is not shown.</Text>}
      {data !== undefined && !isCompared && (
        <CodeView text={data} path={file.path} errorLine={raised?.line ?? null} exception={raised?.exception ?? ''} />
      )}
      {data !== undefined && isCompared && <Comparison run={run} file={file} then={data} />}
    </>
  );
}

const SIGN = { same: ' ', added: '+', removed: '-' } as const;

function Comparison({ run, file, then }: FileProps & { readonly then: string }) {
  const { data, error } = useQuery({
    queryKey: ['content', file.file],
    queryFn: () => api.text(`/api/workspaces/${run.workspace}/files/${file.file}/content`),
    staleTime: 0,
    gcTime: 0,
  });
  if (error) return <Problem error={error} />;
  if (data === undefined) return <Patience what="Asking for the file as it is now" />;
  if (data === then) return <Text data-testid="code-same">The file is now exactly what ran.</Text>;
  return (
    <pre
      className="run-text"
      tabIndex={0}
      aria-label={`${file.path}: what ran, and as it is now`}
      data-testid="code-changes"
    >
      {lineChanges(then, data).map(({ kind, text }, n) => (
        <span key={n} className="code-change" data-change={kind}>
          {`${SIGN[kind]} ${text}`}
        </span>
      ))}
    </pre>
  );
}
