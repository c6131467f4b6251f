import type { AuthorDto, FileHistoryDto, ReplayEdit } from '@palimpsest/protocol/wire';
import type { Text } from '@codemirror/state';
import { useMemo } from 'react';
import { sourceInWords } from './edit-words.js';
import type { LoadedPage } from './replay-source.js';
import type { Change } from './timeline.js';

/** What is shown of a file after a number of its edits. */
export interface TextThen {
  readonly text: Text;
  /** The last of the edits, who made it and what it did; undefined and nothing before the first. */
  readonly edit: ReplayEdit | undefined;
  readonly author: AuthorDto | undefined;
  readonly change: Change;
  /** Who wrote the character at this place, when and how, in words. */
  readonly describe: (at: number) => string | undefined;
}

export function useTextThen(history: FileHistoryDto, page: LoadedPage, index: number): TextThen {
  const text = useMemo(() => page.timeline.textAt(index), [page, index]);
  const change = useMemo(() => page.timeline.changeAt(index), [page, index]);
  const edit = page.edit(index);
  const describe = (at: number) => {
    const source = page.sourceOf(page.writtenAt(index)[at] ?? 0);
    return source && sourceInWords(history, source);
  };
  return { text, edit, author: edit && history.authors[edit.author], change, describe };
}
