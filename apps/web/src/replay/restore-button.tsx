import { Button, Text } from '@mantine/core';
import type { RestoredMomentDto } from '@palimpsest/protocol/wire';
import { useMutation } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';

interface Props {
  readonly file: string;
  readonly edit: number;
  readonly isNewest: boolean;
}

/** Makes the text of the moment the newest. Nothing is lost by it, so it asks nothing. */
export function RestoreButton({ file, edit, isNewest }: Props) {
  const restore = useMutation({
    mutationFn: () => api.post<RestoredMomentDto>(`/api/files/${file}/restore`, { edit }),
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        disabled={isNewest}
        loading={restore.isPending}
        onClick={() => restore.mutate()}
        data-testid="replay-restore"
      >
        Restore this moment
      </Button>
      <Text size="sm" role="status" data-testid="replay-restored" {...(restore.error && { c: 'red' })}>
        {restore.error && sentenceOf(restore.error)}
        {restore.data?.changed === true &&
          `It is the newest again, as edit ${restore.data.edits}; nothing was deleted.`}
        {restore.data?.changed === false && 'The text is this one already.'}
      </Text>
    </>
  );
}
