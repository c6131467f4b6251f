import { Alert, Button, Group, NumberInput, Text } from '@mantine/core';
import type { ComparedPartDto, ComparisonDto, FileHistoryDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';

/** Lines of what is the same that stay beside a change. */
const CONTEXT_LINES = 3;

interface Props {
  readonly history: FileHistoryDto;
  /** The moment at which the replay stands. */
  readonly index: number;
}

/** What is different between two moments, and who wrote it. */
export function CompareView({ history, index }: Props) {
  const [from, setFrom] = useState(index === history.edits ? 0 : index);
  const [to, setTo] = useState(history.edits);
  const comparison = useQuery({
    queryKey: ['compare', history.file, from, to],
    queryFn: () => api.get<ComparisonDto>(`/api/files/${history.file}/compare?from=${from}&to=${to}`),
    staleTime: Infinity,
    retry: false,
  });
  const moment = (label: string, value: number, set: (value: number) => void, testId: string) => (
    <NumberInput
      size="xs"
      w="8rem"
      label={label}
      min={0}
      max={history.edits}
      clampBehavior="strict"
      allowDecimal={false}
      value={value}
      onChange={(given) => given !== '' && set(Number(given))}
      data-testid={testId}
    />
  );
  return (
    <div className="replay-compare" data-testid="replay-compare">
      <Group gap="sm" align="end" p="xs">
        {moment('After edit', from, setFrom, 'replay-compare-from')}
        {moment('and after edit', to, setTo, 'replay-compare-to')}
        <Button size="compact-sm" variant="default" onClick={() => setFrom(index)}>
          From the moment of the replay
        </Button>
      </Group>
      {comparison.error && (
        <Alert color="red" radius={0} role="alert">
          They cannot be compared. {sentenceOf(comparison.error)}
        </Alert>
      )}
      {comparison.isPending && <Patience what="Comparing" still="They are long." />}
      {comparison.data && <Parts comparison={comparison.data} history={history} />}
    </div>
  );
}

function Parts({ comparison, history }: { readonly comparison: ComparisonDto; readonly history: FileHistoryDto }) {
  const { parts } = comparison;
  if (parts.every(({ kind }) => kind === 'same'))
    return (
      <Text size="sm" p="xs">
        The text is the same at both moments.
      </Text>
    );
  return (
    <pre className="replay-parts" tabIndex={0} aria-label="Differences">
      {parts.map((part, number) =>
        part.kind === 'same' ? (
          <span key={number}>{shortened(part.text, number === 0, number === parts.length - 1)}</span>
        ) : (
          <ChangedPart key={number} part={part} history={history} />
        ),
      )}
    </pre>
  );
}

function ChangedPart({ part, history }: { readonly part: ComparedPartDto; readonly history: FileHistoryDto }) {
  const names = (spans: ComparedPartDto['spans']) =>
    [...new Set(spans.map(([, author]) => history.authors[author]?.name ?? 'somebody'))].join(', ');
  const Tag = part.kind === 'inserted' ? 'ins' : 'del';
  const remover = part.removedBy.length === 0 ? '' : ` by ${names(part.removedBy)}`;
  const words = `${part.kind === 'inserted' ? 'Inserted' : `Removed${remover}`}, written by ${names(part.spans)}`;
  return (
    <Tag title={words} data-testid={`replay-${part.kind}`}>
      <span className="visually-hidden">{words}: </span>
      {part.text}
    </Tag>
  );
}

/** Long stretches without a change are left out but for some lines beside the changes. */
function shortened(text: string, isFirst: boolean, isLast: boolean): string {
  const lines = text.split('\n');
  if (lines.length <= 2 * CONTEXT_LINES + 2) return text;
  const before = isFirst ? [] : lines.slice(0, CONTEXT_LINES);
  const after = isLast ? [] : lines.slice(-CONTEXT_LINES - 1);
  const left = lines.length - before.length - after.length;
  return [...before, `⋯ ${left} lines are the same ⋯`, ...after].join('\n');
}
