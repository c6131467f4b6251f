import { readEvent, type RunEvent, type RunId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { HistoryRunDto } from '@palimpsest/protocol';

/** Characters of one run's output, and of its input, in a history; the run itself has all of it. */
const MAX_TEXT = 64 * 1024;
/** Errors of one run in a history. */
const MAX_ERRORS = 100;

type Told = Omit<HistoryRunDto, 'id' | 'byName' | 'entry' | 'edit' | 'fix'>;

export interface RunTimeline extends Told {
  /** For each file of the run the revision that it saw; null: nothing had been written into it. */
  readonly files: ReadonlyMap<string, string | null>;
}

/** When a run was asked for, began and ended, what it printed, raised and was told when; milliseconds since 1970. */
export async function readRunTimeline(store: EventStore, run: RunId): Promise<RunTimeline> {
  const told: Told = {
    ...{ requestedAt: 0, startedAt: null, finishedAt: null, outcome: null, raised: null },
    ...{ output: [], input: [], errors: [], figures: 0 },
  };
  const files = new Map<string, string | null>();
  const start = { ms: 0 };
  for await (const recorded of store.readStream(streamOf.run(run))) {
    const event = readEvent(recorded) as RunEvent;
    if (event.type === 'RunRequested') for (const { file, revision } of event.data.files) files.set(file, revision);
    tell(told, event, recorded.recordedAt.getTime(), start);
  }
  return { ...told, files };
}

function tell(told: Told, event: RunEvent, at: number, start: { ms: number }): void {
  switch (event.type) {
    case 'RunRequested':
      told.requestedAt = at;
      return;
    case 'RunStarted':
      told.startedAt = at;
      start.ms = event.data.startedAt;
      return;
    case 'ReplEntered':
      if (event.data.script?.kind === 'raised') told.raised = event.data.script.exception;
      return;
    case 'OutputEmitted':
      for (const [ms, text] of event.data.chunks) keep(told.output, start.ms + ms, text);
      return;
    case 'InputProvided':
      keep(told.input, at, event.data.text);
      return;
    case 'ErrorRaised':
      if (told.errors.length < MAX_ERRORS) told.errors.push(errorOf(event.data, start.ms));
      return;
    case 'FigureProduced':
      told.figures += 1;
      return;
    case 'RunFinished':
      told.finishedAt = at;
      told.outcome = event.data.outcome.kind;
      return;
    case 'TerminalResized':
    case 'RunCancelled':
    case 'FilesCollected':
    case 'FileProduced':
    case 'FilesNotKept':
      return;
  }
}

function errorOf(data: Extract<RunEvent, { type: 'ErrorRaised' }>['data'], start: number) {
  const { ms, exception, message, path, line } = data;
  return { ms: start + ms, exception, message, path, line };
}

/** Adds the text as far as there is room for it. */
function keep(texts: (readonly [ms: number, text: string])[], ms: number, text: string): void {
  const room = MAX_TEXT - texts.reduce((sum, [, kept]) => sum + kept.length, 0);
  if (room > 0) texts.push([ms, text.length > room ? `${text.slice(0, room)}\n… (more in the run)` : text]);
}
