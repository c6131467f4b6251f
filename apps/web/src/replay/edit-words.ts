import type { EditKind, EditSource, FileHistoryDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';

/** How an edit came about, in words. */
export const KIND_WORDS: Readonly<Record<EditKind, string>> = {
  typed: 'typed',
  pasted: 'pasted',
  deleted: 'deleted',
  offline: 'written offline',
  program: 'written by a program',
  server: 'uploaded',
  restored: 'restored from the history',
  'put-back': 'put back',
};

/** `Ada, 12:03:11, typed`. */
export function sourceInWords({ authors }: Pick<FileHistoryDto, 'authors'>, source: EditSource): string {
  const name = authors[source.author]?.name ?? 'Somebody';
  return `${name}, ${dayAndTime(source.ms)}, ${KIND_WORDS[source.kind]}`;
}
