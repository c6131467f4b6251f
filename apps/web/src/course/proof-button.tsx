import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { EventProofDto } from '@palimpsest/protocol/wire';
import { useMutation } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';

/** Saves the file that proves a hand-in without this server. */
export function ProofButton({ receipt }: { readonly receipt: string }) {
  const save = useMutation({
    mutationFn: () => api.get<EventProofDto>(`/api/receipts/${receipt}/proof`),
    onSuccess: (proof) => saveAs(`receipt-${receipt}.json`, `${JSON.stringify(proof, null, 2)}\n`),
    onError: (error) => notifications.show({ id: 'no-proof', color: 'red', message: sentenceOf(error) }),
  });
  return (
    <Button variant="default" loading={save.isPending} onClick={() => save.mutate()} data-testid="download-proof">
      Download proof
    </Button>
  );
}

function saveAs(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  // The browser has taken the address by the next turn.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
