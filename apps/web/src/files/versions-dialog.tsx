import { Alert, Anchor, Group, Modal, Stack, Text } from '@mantine/core';
import type { FileDto } from '@palimpsest/protocol/wire';
import { sentenceOf } from '../api-client.js';
import { useVersions } from '../classroom.js';
import { sizeInWords } from './size-in-words.js';

interface Props {
  readonly workspace: string;
  readonly file: FileDto;
  readonly onClose: () => void;
}

/** The contents that a file has had, newest first, each to be saved. */
export function VersionsDialog({ workspace, file, onClose }: Props) {
  const { data, error } = useVersions(workspace, file.id);
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  return (
    <Modal opened onClose={onClose} title={`Versions of ${name}`}>
      <Stack gap="xs" data-testid="versions">
        {error && (
          <Alert color="red" role="alert">
            {sentenceOf(error)}
          </Alert>
        )}
        {data?.map(({ revision, size, at, byName }, n) => (
          <Group key={revision} justify="space-between" wrap="nowrap" data-testid="version">
            <Text size="sm">
              {new Date(at).toLocaleString()}, {byName}, {sizeInWords(size)}
              {n === 0 && ' (now)'}
            </Text>
            <Anchor
              size="sm"
              href={`/api/workspaces/${workspace}/files/${file.id}/content?revision=${revision}`}
              download={name}
              aria-label={`Download the version of ${new Date(at).toLocaleString()}`}
            >
              Download
            </Anchor>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
