import { Text } from '@mantine/core';
import type { AuthorDto, ReplayEdit } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';
import { colourOf, initialsOf } from '../person-colour.js';
import { KIND_WORDS } from './edit-words.js';
import type { Change } from './timeline.js';

interface Props {
  /** Both undefined: before the first edit. */
  readonly author: AuthorDto | undefined;
  readonly edit: ReplayEdit | undefined;
  readonly change: Change;
}

/** Who did the edit that is shown, when, how, and what it was. */
export function AuthorLine({ author, edit, change }: Props) {
  if (!author || !edit) {
    return (
      <div className="replay-author" data-testid="replay-author">
        <Text size="sm" c="dimmed">
          Before the first edit
        </Text>
      </div>
    );
  }
  return (
    <div className="replay-author" data-testid="replay-author">
      <span className="replay-face" style={{ background: colourOf(author.id) }} aria-hidden>
        {initialsOf(author.name)}
      </span>
      <Text size="sm" truncate>
        <b>{author.name}</b> · {dayAndTime(edit.ms)} · {KIND_WORDS[edit.kind]} · {describeChange(change)}
      </Text>
    </div>
  );
}

/** Characters of a change that are quoted. */
const QUOTED = 40;

function quoted(text: string): string {
  const shown = text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
  return `“${shown.replace(/\n/gu, '⏎').replace(/\t/gu, '⇥')}”`;
}

function describeChange({ inserted, removed }: Change): string {
  if (inserted === '' && removed === '') return 'changed nothing that shows';
  if (removed === '') return `wrote ${quoted(inserted)}`;
  return inserted === '' ? `took out ${quoted(removed)}` : `replaced ${quoted(removed)} by ${quoted(inserted)}`;
}
