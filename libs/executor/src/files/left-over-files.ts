import { constants } from 'node:fs';
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@palimpsest/blobs';
import { encodeEvent, readEvent, type RunEvent, type RunId, type RunRequested, streamOf } from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import { randomUUID } from 'node:crypto';
import type { FileContents } from '../workspace.js';
import { hashOf } from './content.js';
import { FolderWatch } from './folder-changes.js';
import { RunFiles } from './run-files.js';

/**
 * What a program wrote is not lost with the executor that is killed: the folder of the run is still there at its next start.
 * A file beside the workspace says that the folder was laid out completely and has not been looked at for the last time;
 * without it, what is missing there was never laid out, or is being removed, and says nothing about the program.
 */
const MARK = 'laid-out';

/** The workspace is complete: from here on every difference is the program's. */
export function markLaidOut(runFolder: string): Promise<void> {
  return writeFile(join(runFolder, MARK), '', { mode: 0o600 });
}

/** All that the folder held is recorded: it may be removed. */
export function unmark(runFolder: string): Promise<void> {
  return rm(join(runFolder, MARK), { force: true });
}

export interface LeftOverParts {
  readonly store: EventStore;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly contents: FileContents;
}

/** Records what the folder that a killed executor left behind holds beyond what the log knows. */
export async function recordLeftOver(
  { store, blobs, contents }: LeftOverParts,
  id: RunId,
  runFolder: string,
): Promise<void> {
  const isMarked = await access(join(runFolder, MARK), constants.F_OK).then(
    () => true,
    () => false,
  );
  if (!isMarked) return;
  const past = await eventsOf(store, id);
  const request = past.find((event): event is RunRequested => event.type === 'RunRequested')?.data;
  const started = past.find((event) => event.type === 'RunStarted')?.data;
  if (!request || !started) return;
  const folder = join(runFolder, 'workspace');
  const { watch, batch } = await knownFromLog(folder, request, past, contents);
  const found: RunEvent[] = [];
  const now = () => Math.max(0, Date.now() - started.startedAt);
  const files = new RunFiles({
    ...{ folder, files: request.files, blobs, now, watch, batch },
    record: (event) => void found.push(event),
  });
  await files.end();
  const metadata = {
    actor: { id: 'system', role: 'system', via: 'executor' } as const,
    ...{ subject: request.by, course: request.course, workspace: request.workspace, correlation: id },
  };
  for (const event of found)
    await store.append(streamOf.run(id), [{ id: randomUUID(), ...encodeEvent(event, metadata) }], { expected: 'any' });
  await unmark(runFolder);
}

/** The folder as the log has it: as it was laid out, and what was recorded of it since. */
async function knownFromLog(
  folder: string,
  request: RunRequested['data'],
  past: readonly RunEvent[],
  contents: FileContents,
): Promise<{ watch: FolderWatch; batch: number }> {
  const known = new Map<string, string>();
  for (const file of request.files) known.set(file.path, hashOf(await contents.at(file)));
  let batch = 0;
  for (const event of past) {
    if (event.type !== 'FilesCollected') continue;
    batch = event.data.batch + 1;
    for (const { path, change, from, content } of event.data.files) {
      const before = known.get(from ?? path);
      if (from !== undefined || change === 'deleted') known.delete(from ?? path);
      const sha256 = content?.sha256 ?? before;
      if (change !== 'deleted' && sha256 !== undefined) known.set(path, sha256);
    }
  }
  const watch = new FolderWatch(folder);
  for (const [path, sha256] of known) watch.know(path, sha256);
  return { watch, batch };
}

async function eventsOf(store: EventStore, id: RunId): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  try {
    for await (const recorded of store.readStream(streamOf.run(id)))
      if (recorded.type !== 'OutputEmitted') events.push(readEvent(recorded) as RunEvent);
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  }
  return events;
}
