import { Button, Group, Paper, Text, Title } from '@mantine/core';
import type { CheckpointDto, EvidenceDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { fullTime } from '../clock-time.js';
import { CopyButton } from '../copy-button.js';
import { StateBadge } from './state-badge.js';
import { evidenceInWords } from './state-in-words.js';

/** Milliseconds: an hour passes between two checkpoints, unless somebody hands in. */
const LOOK_AGAIN = 15_000;
const KEY = ['evidence'];

/** What vouches for the event log, and what to keep of it elsewhere. */
export function EvidenceCard() {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: () => api.get<EvidenceDto>('/api/evidence'),
    refetchInterval: LOOK_AGAIN,
    retry: false,
  });
  const sign = useMutation({
    mutationFn: () => api.post<CheckpointDto>('/api/evidence/checkpoints'),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  if (data === undefined) return null;
  const { state, reason, latest, keys } = data;
  const trouble = reason ?? (sign.error ? sentenceOf(sign.error) : undefined);
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="system-evidence-title" data-testid="system-evidence">
      <Title order={2} size="h5" id="system-evidence-title" mb="xs">
        Evidence
      </Title>
      <Facts evidence={data} />
      {trouble !== undefined && (
        <p className="system-fault" role="alert" data-testid="system-evidence-trouble">
          {trouble}
        </p>
      )}
      <Text size="sm" mt="xs">
        A signed checkpoint says what the log was at a moment. It proves something only to whoever keeps it somewhere
        else: copy one now and then, together with the key. docs/EVIDENCE.md says how it is checked.
      </Text>
      <Group gap="xs" mt="xs">
        {latest && <CopyButton label="Copy the checkpoint" text={() => latest.note} testId="copy-checkpoint" />}
        {keys[0] !== undefined && <CopyButton label="Copy the key" text={() => keys[0] ?? ''} />}
        {state === 'intact' && (
          <Button
            size="compact-sm"
            variant="default"
            loading={sign.isPending}
            onClick={() => sign.mutate()}
            data-testid="sign-checkpoint"
          >
            Sign one now
          </Button>
        )}
      </Group>
    </Paper>
  );
}

function Facts({ evidence: { state, size, latest, origin, keys } }: { readonly evidence: EvidenceDto }) {
  const facts: readonly (readonly [name: string, value: React.ReactNode])[] = [
    ['State', <StateBadge key="state" state={evidenceInWords(state)} testId="system-evidence-state" />],
    ['Events in the tree', size],
    ['Latest checkpoint', latest ? `${latest.size} events, ${fullTime(Date.parse(latest.signedAt))}` : 'none yet'],
    ['Name of the log', origin],
    ['Key', keys[0] ?? 'none'],
  ];
  return (
    <dl className="system-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={name === 'Key' ? 'system-mono' : undefined}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
