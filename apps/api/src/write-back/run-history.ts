import {
  type CollectedFile,
  type FileId,
  type FileProduced,
  type FilesCollected,
  readEvent,
  type RunEvent,
  type RunId,
  type RunRequested,
  type RunStarted,
  streamOf,
} from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';

/** The file behind a path of a program. */
export interface RunPath {
  readonly file: FileId;
  /** Revision of the file's stream that the run began with; its own changes came upon that. Null: the empty file. */
  readonly base: bigint | null;
}

/** What a run's stream says about its files up to one of its batches. */
export interface RunHistory {
  readonly run: RunRequested['data'];
  readonly start: RunStarted['data'] | undefined;
  /** By path, as the program saw them when it was looked at for this batch. */
  readonly paths: Map<string, RunPath>;
  /** The batch has been carried out: its results are in the stream. */
  readonly isDone: boolean;
}

/** Reads the run's stream. What became of a batch is believed from its results, never worked out a second time. */
export async function readRunHistory(store: EventStore, id: RunId, batch: number): Promise<RunHistory> {
  let run: RunRequested['data'] | undefined;
  let start: RunStarted['data'] | undefined;
  let isDone = false;
  const paths = new Map<string, RunPath>();
  const collected: FilesCollected['data'][] = [];
  const produced: FileProduced['data'][] = [];
  for await (const recorded of store.readStream(streamOf.run(id))) {
    if (recorded.type === 'OutputEmitted' || recorded.type === 'InputProvided') continue;
    const event = readEvent(recorded) as RunEvent;
    if (event.type === 'RunRequested') run = event.data;
    if (event.type === 'RunStarted') start = event.data;
    if (event.type === 'FilesCollected' && event.data.batch < batch) collected.push(event.data);
    if (event.type === 'FileProduced' && event.data.batch < batch) produced.push(event.data);
    if (event.type === 'FileProduced' || event.type === 'FilesNotKept') isDone ||= event.data.batch === batch;
  }
  if (!run) throw new Error(`run ${id} has no request`);
  for (const { path, file, revision } of run.files)
    paths.set(path, { file, base: revision === null ? null : BigInt(revision) });
  for (const { batch: earlier, files } of collected)
    for (const entry of files)
      follow(
        paths,
        entry,
        produced.find((one) => one.batch === earlier && one.path === entry.path),
      );
  return { run, start, paths, isDone };
}

/** The program has that path in any case; which file is behind it depends on what was kept. */
function follow(paths: Map<string, RunPath>, { path, from, change }: CollectedFile, kept?: FileProduced['data']): void {
  paths.delete(from ?? (change === 'deleted' ? path : ''));
  if (kept && change !== 'deleted')
    paths.set(path, { file: kept.file, base: kept.base === null ? null : BigInt(kept.base) });
}
