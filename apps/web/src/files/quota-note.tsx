import { Progress, Text } from '@mantine/core';
import type { FileDto } from '@palimpsest/protocol/wire';
import { useUsage } from '../classroom.js';
import { sizeInWords } from './size-in-words.js';

/** From this share on it is worth a line. */
const WORTH_TELLING = 0.8;

/** How much room is left, once there is little. */
export function QuotaNote({ workspace, files }: { readonly workspace: string; readonly files: readonly FileDto[] }) {
  const { data } = useUsage(workspace, files, true);
  if (!data || data.usedBytes <= WORTH_TELLING * data.mostBytes) return null;
  const share = Math.min(100, (100 * data.usedBytes) / data.mostBytes);
  return (
    <div className="quota-note" data-testid="quota">
      <Progress value={share} size="sm" color={share >= 95 ? 'red' : 'yellow'} aria-label="Room that is used" />
      <Text size="xs">
        {sizeInWords(data.usedBytes)} of {sizeInWords(data.mostBytes)} used
      </Text>
    </div>
  );
}
