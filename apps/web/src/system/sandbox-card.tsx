import { Paper, Text, Title } from '@mantine/core';
import type { HealthDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api-client.js';
import { StateBadge } from './state-badge.js';
import { sandboxInWords } from './state-in-words.js';

/** Milliseconds: it changes only when an executor starts. */
const LOOK_AGAIN = 15_000;

/** How well programs are held, as the executor's self-test found it. */
export function SandboxCard() {
  const { data } = useQuery({
    queryKey: ['health'],
    queryFn: () => api.get<HealthDto>('/api/health'),
    refetchInterval: LOOK_AGAIN,
    retry: false,
  });
  if (data === undefined) return null;
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="system-sandbox-title" data-testid="system-sandbox">
      <Title order={2} size="h5" id="system-sandbox-title" mb="xs">
        Sandbox
      </Title>
      <StateBadge state={sandboxInWords(data.sandbox)} />
      {data.sandboxReason !== '' && (
        <Text size="sm" mt="xs">
          {data.sandboxReason}
        </Text>
      )}
    </Paper>
  );
}
