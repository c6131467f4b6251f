import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import type { ItemDto } from '@palimpsest/protocol/wire';
import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { timesFor, TimesFields } from './times-fields.js';
import { useItemCommands } from './use-items.js';

/** Title and times of what is published; withdrawing it. */
export function ItemSettings({ item, onClose }: { readonly item: ItemDto; readonly onClose: () => void }) {
  const { change, withdraw } = useItemCommands(item.course);
  const [title, setTitle] = useState(item.title);
  const [times, setTimes] = useState(() => timesFor(item.kind, item));
  const [sure, setSure] = useState(false);
  const error = change.error ?? withdraw.error;

  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate({ id: item.id, title, ...timesFor(item.kind, times) }, { onSuccess: onClose });
  }
  return (
    <Modal opened onClose={onClose} title={`Change: ${item.title}`} centered size="lg">
      <form onSubmit={submit} data-testid="item-form">
        <Stack gap="sm">
          <TextInput
            label="Title"
            value={title}
            onChange={({ currentTarget }) => setTitle(currentTarget.value)}
            maxLength={120}
            required
          />
          <TimesFields kind={item.kind} times={times} onChange={setTimes} />
          {error && (
            <Alert color="red" role="alert">
              {sentenceOf(error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button
              variant="default"
              color="red"
              loading={withdraw.isPending}
              onClick={() => (sure ? withdraw.mutate(item.id, { onSuccess: onClose }) : setSure(true))}
              data-testid="item-withdraw"
            >
              {sure ? 'Really withdraw it' : 'Withdraw'}
            </Button>
            <Button type="submit" loading={change.isPending} data-testid="item-save">
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
