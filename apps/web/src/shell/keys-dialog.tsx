import { Kbd, Modal, Table } from '@mantine/core';

const KEYS = [
  ['F5 or Ctrl+Enter', 'Run the program'],
  ['Ctrl+C in the console', 'Interrupt the program'],
  ['Ctrl+F', 'Search in the file'],
  ['Ctrl+/', 'Comment lines in or out'],
  ['Alt+↑ or Alt+↓', 'Move the line'],
  ['Ctrl+Z', 'Undo what you did; never what others did'],
  ['Esc, then Tab', 'Leave the editor or the console'],
  ['← or → in the history', 'One edit back or forth'],
  ['Space in the history', 'Play or pause'],
  ['Shift+← or Shift+→ in the history', 'The run, pasted text or pause before or after'],
  ['[ or ] in the history', 'Play slower or faster'],
] as const;

/** The keys that are worth knowing. */
export function KeysDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" centered>
      <Table>
        <Table.Tbody>
          {KEYS.map(([key, what]) => (
            <Table.Tr key={key}>
              <Table.Td>
                <Kbd>{key}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
