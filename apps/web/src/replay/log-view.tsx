import { Button, Text } from '@mantine/core';
import type { FileHistoryDto } from '@palimpsest/protocol/wire';
import { useMemo } from 'react';
import { dayAndTime } from '../clock-time.js';
import { KIND_WORDS } from './edit-words.js';
import type { LoadedPage } from './replay-source.js';
import type { Replay } from './use-replay.js';

/** Milliseconds without an edit after which another line of the log begins. */
const IN_ONE_GO_MS = 10_000;
/** Characters of what was written that a line shows. */
const SHOWN = 60;

interface Entry {
  readonly key: string;
  readonly ms: number;
  readonly words: string;
  go(): void;
}

interface Props {
  readonly history: FileHistoryDto;
  readonly replay: Replay;
  /** Runs that are not in the list yet; undefined: all are. */
  readonly moreRuns: (() => void) | undefined;
}

/** What happened around the moment, as a list: the edits of the page in which the replay stands, and everything on the bar. */
export function LogView({ history, replay, moreRuns }: Props) {
  const { page, stops, moment } = replay;
  const edits = useMemo(() => (page ? groupsOf(page, history) : []), [page, history]);
  const entries: Entry[] = [
    ...stops.map((stop) => ({ key: stop.key, ms: stop.ms, words: stop.words, go: () => replay.to(stop) })),
    ...edits.map(({ index, ms, words }) => ({ key: `edit ${index}`, ms, words, go: () => replay.seek(index) })),
  ].sort((a, b) => a.ms - b.ms);
  return (
    <div className="replay-log" data-testid="replay-log">
      <Text size="sm" p="xs" c="dimmed">
        {page && page.edits.length > 0
          ? `Edits ${page.first + 1} to ${page.first + page.edits.length} of ${history.edits}, and all runs, pasted texts and pauses. `
          : 'Nothing was written yet. '}
        {history.allMarks > history.marks.length && `Of ${history.allMarks} marks the largest are shown. `}
        {moreRuns && (
          <Button size="compact-xs" variant="default" onClick={moreRuns} data-testid="replay-more-runs">
            Earlier runs
          </Button>
        )}
      </Text>
      <ol>
        {entries.map(({ key, ms, words, go }) => (
          <li key={key} data-past={ms <= moment.ms}>
            <button type="button" onClick={go} data-testid="replay-log-entry">
              <time>{dayAndTime(ms)}</time> {words}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

interface Written {
  readonly author: number;
  readonly kind: string;
  readonly ms: number;
  index: number;
  lastMs: number;
  text: string;
}

/** Edits of one person in one go and one way, as one line each. */
function groupsOf({ edits, first }: LoadedPage, history: FileHistoryDto) {
  const groups: Written[] = [];
  for (const [n, { author, kind, ms, splices }] of edits.entries()) {
    const last = groups.at(-1);
    const text = splices.map(([, , insert]) => insert).join('');
    if (last?.author === author && last.kind === KIND_WORDS[kind] && ms - last.lastMs < IN_ONE_GO_MS) {
      last.index = first + n + 1;
      last.lastMs = ms;
      last.text += text;
    } else groups.push({ author, kind: KIND_WORDS[kind], ms, index: first + n + 1, lastMs: ms, text });
  }
  return groups.map(({ author, kind, ms, index, text }) => {
    const shown = text.trim().replace(/\s+/gu, ' ').slice(0, SHOWN);
    return {
      index,
      ms,
      words: `${history.authors[author]?.name ?? 'Somebody'}: ${kind}${shown === '' ? '' : ` “${shown}”`}`,
    };
  });
}
