import { Badge, Button, Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLock } from '@tabler/icons-react';
import type { ReceiptDto, WorkspaceDto } from '@palimpsest/protocol/wire';
import { useEffect, useRef, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { sentenceOf } from '../api-client.js';
import { dayAndTime } from '../clock-time.js';
import { saveStatus } from '../save-status.js';
import './course.css';
import { phaseInWords } from './phase-in-words.js';
import { Receipt } from './receipt.js';
import { useHandIns, useItems, useServerTime } from './use-items.js';

/** Milliseconds that handing in waits for the last edits. */
const PATIENCE = 5_000;

/** Above the copy of an assignment or a test: until when there is time, handing in, and what has been handed in. */
export function WorkBar({ workspace }: { readonly workspace: WorkspaceDto }) {
  const items = useItems(workspace.course);
  const now = useServerTime(items.data, items.dataUpdatedAt);
  // For a teacher who looks at it the item stands where it stands for them, which says nothing about this student.
  const item = items.data?.find(({ id, copy }) => id === workspace.item && copy === workspace.id);
  const { list, handIn } = useHandIns(workspace.id, true);
  const [receipt, setReceipt] = useState<ReceiptDto | null>(null);
  useFreshRights(workspace.id, item?.phase);
  const last = list.data?.[0];
  const isMine = workspace.access === 'write';
  const isLocked = item?.phase === 'locked' || item?.phase === 'withdrawn';

  async function submit() {
    if (!(await saveStatus.whenSaved(PATIENCE))) {
      notifications.show({ color: 'red', message: 'Not handed in: your last changes are not saved yet.' });
      return;
    }
    handIn.mutate(undefined, {
      onSuccess: setReceipt,
      onError: (error) => notifications.show({ color: 'red', message: sentenceOf(error), autoClose: false }),
    });
  }
  const phase = item && phaseInWords(item, now);
  return (
    <div className="work-bar" data-testid="work-bar">
      {isLocked && (
        <Badge color="gray" leftSection={<IconLock size={12} aria-hidden />} tt="none" data-testid="lock-badge">
          read-only
        </Badge>
      )}
      {phase && (
        <Badge color={phase.colour} variant="light" tt="none" data-testid="work-phase">
          {phase.text}
        </Badge>
      )}
      {isMine && (
        <Button size="compact-sm" loading={handIn.isPending} onClick={() => void submit()} data-testid="hand-in">
          {last ? 'Hand in again' : 'Hand in'}
        </Button>
      )}
      <Text size="sm" data-testid="handed-in">
        {last
          ? `Handed in ${dayAndTime(Date.parse(last.at))}${last.late ? ', late' : ''}.`
          : 'Nothing has been handed in yet.'}
      </Text>
      {last && (
        <Button size="compact-sm" variant="subtle" onClick={() => setReceipt(last)} data-testid="show-receipt">
          Receipt
        </Button>
      )}
      <Modal opened={receipt !== null} onClose={() => setReceipt(null)} title="Receipt" centered size="lg">
        {receipt && <Receipt receipt={receipt} />}
      </Modal>
    </div>
  );
}

/** When the clock turns the item, what may be done in the workspace is asked anew. */
function useFreshRights(workspace: string, phase: string | undefined): void {
  const client = useQueryClient();
  const before = useRef(phase);
  useEffect(() => {
    if (before.current !== undefined && before.current !== phase)
      void client.invalidateQueries({ queryKey: ['workspace', workspace] });
    before.current = phase;
  }, [client, workspace, phase]);
}
