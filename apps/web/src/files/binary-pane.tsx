import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload, IconLock } from '@tabler/icons-react';
import type { FileDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';

interface Props {
  readonly workspace: string;
  readonly file: FileDto;
}

/**
 * A file that is not text: a picture is shown, everything can be saved. Whether it is a picture is the server's word, which
 * goes by the bytes: what it does not call one, the browser does not show.
 */
export function BinaryPane({ workspace, file }: Props) {
  const [isPicture, setIsPicture] = useState<boolean | null>(null);
  const address = `/api/workspaces/${workspace}/files/${file.id}/content`;
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  return (
    <section className="binary-pane" aria-label="File">
      <Group className="pane-bar" gap="xs" wrap="nowrap" justify="space-between">
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Text size="sm" fw={600} truncate data-testid="editor-path">
            {file.path}
          </Text>
          <Badge variant="default" leftSection={<IconLock size={12} aria-hidden />} data-testid="read-only-badge">
            Read-only
          </Badge>
        </Group>
        <Button
          component="a"
          href={address}
          download={name}
          size="compact-sm"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          data-testid="download-file"
        >
          Download
        </Button>
      </Group>
      <div className="binary-content">
        {isPicture !== false && (
          <img
            src={address}
            alt={`Picture ${file.path}`}
            hidden={isPicture === null}
            onLoad={() => setIsPicture(true)}
            onError={() => setIsPicture(false)}
            data-testid="picture"
          />
        )}
        {isPicture === false && (
          <Stack gap={4} p="md" data-testid="binary-note">
            <Text size="sm">This file is not text, so it cannot be shown or edited here.</Text>
            <Text size="sm" c="dimmed">
              Your programs can read and write it; download it to open it on your computer.
            </Text>
          </Stack>
        )}
      </div>
    </section>
  );
}
