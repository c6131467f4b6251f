import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { checkPath, pathKey } from '@palimpsest/domain';
import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api-client.js';

interface Props {
  readonly title: string;
  readonly action: string;
  readonly path?: string;
  /** Paths of the other files. */
  readonly taken: readonly string[];
  /** The path that it begins with is one to be taken, and not the one that is there. */
  readonly submitUnchanged?: boolean;
  readonly onSubmit: (path: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a file's path. Checks by the rule that the server has as well, before asking it. */
export function PathDialog({
  title,
  action,
  path: initial = '',
  taken,
  submitUnchanged = false,
  onSubmit,
  onClose,
}: Props) {
  const [path, setPath] = useState(initial);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const wrong = problemOf(path, taken);
    setProblem(wrong);
    if (wrong !== null) return;
    setBusy(true);
    try {
      if (submitUnchanged || path !== initial) await onSubmit(path.normalize('NFC'));
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={title} centered>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput
            label="Name"
            description='With folders before it if you like, such as "shapes/circle.py"'
            value={path}
            onChange={(event) => setPath(event.currentTarget.value)}
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            data-testid="file-path"
          />
          {problem !== null && (
            <Alert color="red" role="alert" data-testid="file-problem">
              {problem}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} data-testid="file-submit">
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function problemOf(path: string, taken: readonly string[]): string | null {
  if (path === '') return 'Give the file a name, such as "main.py".';
  const check = checkPath(path);
  if (!check.ok) return check.problem;
  const key = pathKey(check.path);
  return taken.some((other) => pathKey(other) === key)
    ? `There is a file "${path}" already: choose another name.`
    : null;
}
