import { Text } from '@mantine/core';
import type { PasteOriginDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';

const WORDS: Readonly<Record<PasteOriginDto['origin'], string>> = {
  own: 'their own text',
  teammate: 'text of somebody who works here too',
  material: 'text that the course gave',
  'other-student': 'text of another student',
  outside: 'not found in the texts of this course',
};

/** Where the text comes from that this edit pasted. Asked for when somebody looks at it. */
export function PasteOrigin({ file, edit }: { readonly file: string; readonly edit: number }) {
  const origin = useQuery({
    queryKey: ['paste', file, edit],
    queryFn: () => api.get<PasteOriginDto>(`/api/files/${file}/history/pastes/${edit}`),
    staleTime: Infinity,
    retry: false,
  });
  return (
    <Text size="sm" className="replay-origin" data-testid="replay-origin" role="status">
      {origin.isPending && 'Looking for where it comes from …'}
      {origin.error && sentenceOf(origin.error)}
      {origin.data && originInWords(origin.data)}
    </Text>
  );
}

function originInWords({ origin, name, path, searched, isWhole }: PasteOriginDto): string {
  const by = name === null ? '' : ` by ${name}`;
  const where = path === null ? '' : ` in ${path}`;
  const limits = origin === 'outside' ? ` (${searched} searched${isWhole ? '' : ', not all that there are'})` : '';
  return `Pasted: ${WORDS[origin]}${by}${where}${limits}.`;
}
