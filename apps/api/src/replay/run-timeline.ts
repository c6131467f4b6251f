import { readEvent, type RunId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { HistoryRunDto } from '@palimpsest/protocol';

/** Characters of one run's output in a history; the run itself has all of it. */
const MAX_OUTPUT = 64 * 1024;

export type RunTimeline = Pick<
  HistoryRunDto,
  'requestedAt' | 'startedAt' | 'finishedAt' | 'outcome' | 'raised' | 'output'
>;

/** When a run was asked for, began and ended, and what it printed when; milliseconds since 1970. */
export async function readRunTimeline(store: EventStore, run: RunId): Promise<RunTimeline> {
  const timeline: RunTimeline = {
    requestedAt: 0,
    startedAt: null,
    finishedAt: null,
    outcome: null,
    raised: null,
    output: [],
  };
  let start = 0;
  let room = MAX_OUTPUT;
  for await (const recorded of store.readStream(streamOf.run(run))) {
    const event = readEvent(recorded);
    const at = recorded.recordedAt.getTime();
    if (event.type === 'RunRequested') timeline.requestedAt = at;
    if (event.type === 'RunStarted') {
      timeline.startedAt = at;
      start = event.data.startedAt;
    }
    if (event.type === 'ReplEntered' && event.data.script?.kind === 'raised')
      timeline.raised = event.data.script.exception;
    if (event.type === 'RunFinished') {
      timeline.finishedAt = at;
      timeline.outcome = event.data.outcome.kind;
    }
    if (event.type !== 'OutputEmitted' || room <= 0) continue;
    for (const [ms, text] of event.data.chunks) {
      const kept = text.length > room ? `${text.slice(0, room)}\n… (more in the run)` : text;
      if (room > 0) timeline.output.push([start + ms, kept]);
      room -= text.length;
    }
  }
  return timeline;
}
