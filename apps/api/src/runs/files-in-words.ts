import type { FileProduced, NotKept, NotKeptReason } from '@palimpsest/domain';

const KILOBYTE = 1_000;

/** "812 bytes", "12 KB", "3.4 MB": decimal, as the limits are. */
export function sizeInWords(bytes: number): string {
  if (bytes < KILOBYTE) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  if (bytes < KILOBYTE ** 2) return `${Math.round(bytes / KILOBYTE)} KB`;
  return `${(bytes / KILOBYTE ** 2).toFixed(1).replace(/\.0$/, '')} MB`;
}

/** What the program did to a file: "wrote data.csv (12 KB)". */
export function producedInWords({ change, path, from, size, keptAs }: FileProduced['data']): string {
  const bytes = size === undefined ? '' : ` (${sizeInWords(size)})`;
  const where = keptAs === undefined ? '' : `, kept as ${keptAs}`;
  switch (change) {
    case 'created':
      return `wrote ${path}${bytes}${where}`;
    case 'changed':
      return `changed ${path}${bytes}${where}`;
    case 'deleted':
      return `deleted ${path}`;
    case 'moved':
      return `renamed ${from ?? '?'} to ${path}${bytes}${where}`;
  }
}

const WHY: Readonly<Record<NotKeptReason, string>> = {
  link: 'it is a link, and links are not followed: write a file instead',
  special: 'it is a pipe, a socket or a device, not a file',
  name: 'it has a name that cannot be kept',
  'too-large': 'it is larger than the 10 MB that a file can have',
  'too-many': 'there are too many files: a workspace holds at most 500',
  quota: 'this run has written more than the 50 MB that one run can leave behind',
  unreadable: 'the program took away the right to read it',
  'not-allowed': 'this workspace is read-only for the person who started the program',
  edited: 'the program deleted it, but somebody has edited it since the program was started: it stays',
  refused: 'the workspace does not take it',
  failed: 'the server could not keep it: run the program again',
};

/** What of a program's files is not in the workspace, and why. */
export function notKeptInWords({ path, reason, detail }: NotKept): string {
  const why = WHY[reason] ?? reason;
  const more = detail === undefined ? '' : ` (${detail.replace(/\.$/, '')})`;
  if (path === '.') return `Some files were not kept: ${why}${more}.`;
  return reason === 'edited' ? `${path} was kept: ${why}.` : `${path} was not kept: ${why}${more}.`;
}
