import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { EventProofDto } from '@palimpsest/protocol/wire';
import { useMutation } from '@tanstack/react-query';
import { api, sentenceOf } from './api-client.js';

interface Props {
  /** Of the API, where the proof is. */
  readonly address: string;
  /** Of the file. */
  readonly name: string;
}

/** Saves a file that proves an event without this server: for `python3 verifier.py`. */
export function ProofButton({ address, name }: Props) {
  const save = useMutation({
    mutationFn: () => api.get<EventProofDto>(address),
    onSuccess: (proof) => saveAs(name, `${JSON.stringify(proof, null, 2)}\n`),
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
