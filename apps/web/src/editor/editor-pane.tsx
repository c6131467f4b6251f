import { Alert, Badge, Button, Group, Text } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { FileDto, UserDto } from '@palimpsest/protocol/wire';
import { useEffect, useRef, useState } from 'react';
import { CopyButton } from '../copy-button.js';
import type { PersonHere } from '../people-here.js';
import { signInCount } from '../session.js';
import { useSignal } from '../signal.js';
import { Patience } from '../patience.js';
import './editor.css';
import { type OpenFile, openFiles } from './open-files.js';
import { TextView } from './text-view.js';

interface Props {
  readonly file: FileDto;
  readonly readOnly: boolean;
  readonly me: UserDto;
  readonly onPeople: (people: readonly PersonHere[]) => void;
}

/** The editor of one file with its name and what stands in its way. */
export default function EditorPane({ file, readOnly, me, onPeople }: Props) {
  const [open, reopen] = useOpenFile(file, me);
  useEffect(() => {
    const tell = () => onPeople(open?.people.value ?? []);
    tell();
    return open?.people.subscribe(tell);
  }, [open, onPeople]);
  return (
    <section className="editor-pane" aria-label="Editor">
      <Group className="pane-bar" gap="xs" wrap="nowrap">
        <Text size="sm" fw={600} truncate data-testid="editor-path">
          {file.path}
        </Text>
        {readOnly && (
          <Badge variant="default" leftSection={<IconLock size={12} aria-hidden />} data-testid="read-only-badge">
            Read-only
          </Badge>
        )}
      </Group>
      {open && <OpenedFile key={open.id} open={open} path={file.path} readOnly={readOnly} onReopen={reopen} />}
    </section>
  );
}

interface OpenedProps {
  readonly open: OpenFile;
  readonly path: string;
  readonly readOnly: boolean;
  readonly onReopen: () => void;
}

function OpenedFile({ open, path, readOnly, onReopen }: OpenedProps) {
  const save = useSignal(open.save);
  const arrived = useSignal(open.arrived);
  const obstacle = useSignal(open.obstacle);
  const ended = save.kind === 'ended' ? save : null;
  useEffect(() => open.setReadOnly(readOnly), [open, readOnly]);
  return (
    <>
      {ended && (
        <Alert color="orange" radius={0} title="This file is not being saved" role="alert" data-testid="editor-problem">
          <Group gap="sm">
            <Text size="sm">{ended.message}</Text>
            {ended.edits > 0 && <CopyButton text={() => open.text.toString()} label="Copy my text" />}
            <Button size="compact-sm" variant="default" onClick={onReopen}>
              Open it again
            </Button>
          </Group>
        </Alert>
      )}
      {obstacle !== null && (
        <Alert
          color="gray"
          radius={0}
          icon={<IconLock size={16} aria-hidden />}
          title="Read-only"
          data-testid="file-obstacle"
        >
          {obstacle}
        </Alert>
      )}
      {arrived ? (
        // What can no longer be saved must not be typed.
        <TextView file={open} path={path} readOnly={readOnly || ended !== null || obstacle !== null} />
      ) : (
        !ended && <Patience what={`Opening ${path}`} still="The server does not answer yet; this page keeps trying." />
      )}
    </>
  );
}

/** The open file, and a way to start afresh from what the server has. */
function useOpenFile({ id, path }: FileDto, me: UserDto): readonly [OpenFile | null, () => void] {
  const [open, setOpen] = useState<OpenFile | null>(null);
  const [attempt, setAttempt] = useState(0);
  const signIns = useSignal(signInCount);
  // A file that is renamed stays open.
  const pathNow = useRef(path);
  useEffect(() => void (pathNow.current = path), [path]);
  useEffect(() => {
    const file = openFiles.acquire({ id, path: pathNow.current }, me);
    // The socket belongs to the effect's lifetime, not to a render's.
    setOpen(file);
    return () => {
      setOpen(null);
      openFiles.release(file);
    };
  }, [id, me, attempt]);
  useEffect(() => openFiles.reconnect(), [signIns]);
  useEffect(() => {
    const flush = () => openFiles.flush();
    window.addEventListener('pagehide', flush);
    return () => window.removeEventListener('pagehide', flush);
  }, []);
  const reopen = () => {
    if (open) openFiles.discard(open);
    setAttempt(attempt + 1);
  };
  return [open, reopen];
}
